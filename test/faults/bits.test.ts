import { difference } from '../encoding/support/difference';
import { combinations, damaged, forms, openForm, readOrDamaged, saveAs } from './support/forms';

const key = `Example/${'0'.repeat(32)}`;

/** A checkpoint in a Map, and what reading it gives once an entry was changed. */
async function savedIn(form: string, place: 'inline' | 'beside') {
  const map = new Map<string, Uint8Array>();
  const taskKey = await saveAs(openForm(map, form, place), key, forms[form]!.value);
  const storage = openForm(map, form, place);
  const good = [...map].filter(([name]) => name.startsWith('Example/'));
  expect(good).toHaveLength(place === 'beside' ? 2 : 1);
  const readWith = async (name: string, bytes: Uint8Array) => {
    const before = map.get(name)!;
    map.set(name, bytes);
    const read = await readOrDamaged(storage, taskKey);
    map.set(name, before);
    return read;
  };
  return { good, readWith };
}

it.each(combinations)('notices every flipped bit of a result kept as %s, %s', async (form, place) => {
  const { value, hasIdleBits = false } = forms[form]!;
  const { good, readWith } = await savedIn(form, place);
  let bits = 0;
  let idle = 0;
  for (const [name, bytes] of good) {
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Uint8Array.from(bytes);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      const read = await readWith(name, flipped);
      bits++;
      if (read === damaged) continue;
      if (!hasIdleBits || difference(value, read) !== undefined)
        throw new Error(`bit ${bit} of ${name} gives ${String(read)}`);
      idle++;
    }
  }
  expect(bits).toBeGreaterThan(2000);
  expect(idle / bits).toBeLessThan(0.05);
});

it.each(combinations)('notices every way to cut short a result kept as %s, %s', async (form, place) => {
  const { good, readWith } = await savedIn(form, place);
  for (const [name, bytes] of good) {
    for (let length = 0; length < bytes.length; length++)
      expect([name, length, await readWith(name, bytes.slice(0, length))]).toEqual([name, length, damaged]);
    expect(await readWith(name, Buffer.concat([bytes, Buffer.of(0)]))).toBe(damaged);
    expect(await readWith(name, new Uint8Array(bytes.length))).toBe(damaged);
  }
});
