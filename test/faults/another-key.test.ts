import { forged } from './support/forge';
import {
  combinations,
  damaged,
  encryptedForms,
  forms,
  openForm,
  type Place,
  readOrDamaged,
  saveAs,
} from './support/forms';

const keys = [`Example/${'a'.repeat(32)}`, `Example/${'b'.repeat(32)}`] as const;

/** Two results in a Map: the names of their entries, and what reading both gives. */
async function twoSaved(form: string, place: Place) {
  const map = new Map<string, Uint8Array>();
  const storage = openForm(map, form, place);
  const { value, other } = forms[form]!;
  const [a, b] = [await saveAs(storage, keys[0], value), await saveAs(storage, keys[1], other)];
  const besides = keys.map((key) => [...map.keys()].find((name) => name.startsWith(`${key}.`)) as string);
  const swap = ([one, another]: readonly string[]) => {
    const bytes = map.get(one!)!;
    map.set(one!, map.get(another!)!).set(another!, bytes);
  };
  const read = async () => [await readOrDamaged(storage, a), await readOrDamaged(storage, b)];
  expect(await read()).toEqual([value, other]);
  return { map, besides, swap, read };
}

it.each(combinations)('refuses an entry of another key for a result kept as %s, %s', async (form, place) => {
  const { swap, read } = await twoSaved(form, place);
  swap(keys);
  expect(await read()).toEqual([damaged, damaged]);
});

it.each(Object.keys(forms))('takes no bytes of another key for a result kept as %s', async (form) => {
  const { map, besides, swap, read } = await twoSaved(form, 'beside');
  expect(map.get(besides[0]!)).not.toEqual(map.get(besides[1]!));
  swap(besides);
  expect(await read()).toEqual([damaged, damaged]);
});

it.each(Object.keys(forms))('notices that a result kept as %s has lost its bytes', async (form) => {
  const { map, besides, read } = await twoSaved(form, 'beside');
  map.delete(besides[0]!);
  expect(await read()).toEqual([damaged, forms[form]!.other]);
});

it.each(encryptedForms)(
  'takes nothing that was put in the place of a result kept %s, even by who knows how',
  async (form) => {
    for (const place of ['inline', 'beside'] as const) {
      const { map, besides, read } = await twoSaved(form, place);
      expect(forged(map.get(keys[1])!, { key: keys[1] })).toEqual(map.get(keys[1]));
      map.set(keys[0], forged(map.get(keys[1])!, { key: keys[0] }));
      if (place === 'beside') map.set(besides[1]!.replace(keys[1], keys[0]), map.get(besides[1]!)!);
      expect(await read()).toEqual([damaged, forms[form]!.other]);
    }
  },
);
