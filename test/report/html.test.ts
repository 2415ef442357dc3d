import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { type GraphPicture, toHtml, toSvg } from '../../src/entry/report';
import { temporaryFolder } from '../support/temporary-folder';
import { node, pictureOfNodes, wide } from './fixtures/pictures';

const chromium = process.env.CHROMIUM ?? '/usr/bin/chromium';
const isThere = existsSync(chromium);
const isRequired = Boolean(process.env.CI);
if (!isThere && !isRequired) console.warn(`pages are not tried in a browser: ${chromium} is not there`);
const inBrowser = isThere || isRequired ? it : it.skip;

const folder = temporaryFolder();
let browser: Browser;
let page: Page;
let faults: string[];
beforeAll(async () => {
  if (!isThere && !isRequired) return;
  const { chromium: kind } = require('playwright-core') as typeof import('playwright-core');
  browser = await kind.launch({ executablePath: chromium, args: ['--no-sandbox'] });
}, 60_000);
afterAll(() => browser?.close());
afterEach(() => page?.close());

async function open(picture: GraphPicture, colorScheme: 'light' | 'dark' = 'light'): Promise<void> {
  const file = join(folder.path, 'page.html');
  await writeFile(file, await toHtml(picture));
  faults = [];
  page = await browser.newPage({ viewport: { width: 1200, height: 800 }, colorScheme });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  page.on('dialog', (dialog) => faults.push(`dialog ${dialog.message()}`));
  page.on('request', (request) => request.url().startsWith('file:') || faults.push(request.url()));
  await page.goto(pathToFileURL(file).href);
}

const details = () => page.textContent('#details');
const nasty = '</script><script>alert(1)</script><img src=x onerror=alert(2)>';

inBrowser('shows graph, details, error and lineage of a clicked task', async () => {
  await open(wide(5));
  expect(await page.locator('#graph .box').count()).toBe(7);
  await page.locator('.box', { hasText: 'seed: 3' }).click();
  for (const part of ['Train', 'failed', 'loss is NaN', 'Train/3', 'Load', 'Score'])
    expect(await details()).toContain(part);
  expect(await page.locator('.box.faint').count()).toBe(4);
  await page.locator('#details li button', { hasText: 'Load' }).click();
  expect(await details()).toContain('34 kB');
  await page.keyboard.press('Escape');
  expect(await page.isHidden('#details')).toBe(true);
  expect(faults).toEqual([]);
});

type Rect = Readonly<Record<'left' | 'right' | 'top' | 'bottom', number>>;

/** The details, and the boxes with these texts, as rectangles of the window. */
async function rects(...texts: readonly string[]): Promise<readonly Rect[]> {
  // The graph moves at the next frame, when the details have taken their room.
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
  const found = [page.locator('#details'), ...texts.map((text) => page.locator('.box', { hasText: text }))];
  return Promise.all(found.map((one) => one.evaluate((element) => element.getBoundingClientRect().toJSON())));
}

inBrowser('keeps a task and what is related to it in sight beside the details', async () => {
  await open(wide(5));
  await page.locator('.box', { hasText: 'seed: 0' }).click();
  const [details, ...boxes] = await rects('seed: 0', 'Load', 'Score');
  for (const { left, right } of boxes) expect([left >= 0, right <= details!.left]).toEqual([true, true]);
});

inBrowser('fits the graph to another window, and keeps a task in sight above the details of a narrow one', async () => {
  await open(wide(5));
  await page.setViewportSize({ width: 400, height: 800 });
  await page.locator('.box', { hasText: 'seed: 4' }).click();
  const [details, box] = await rects('seed: 4');
  expect([box!.left >= 0, box!.right <= 400, box!.bottom <= details!.top]).toEqual([true, true, true]);
});

inBrowser('shows the output of a task without colours', async () => {
  const output = '\u001b[31mepoch 1\u001b[39m\n<b>loss</b> 0.5\n';
  await open(pictureOfNodes([node('A/1', { output, worker: 'processes 2 (pid 4711)' }), node('B/1')]));
  await page.locator('.box').first().click();
  expect(await page.textContent('#details pre')).toBe('epoch 1\n<b>loss</b> 0.5');
  expect(await details()).toContain('processes 2 (pid 4711)');
  await page.locator('.box').last().click();
  expect(await page.locator('#details pre').count()).toBe(0);
  expect(faults).toEqual([]);
});

inBrowser('works with the keyboard alone', async () => {
  await open(wide(5));
  await page.focus('.box[tabindex="0"]');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  expect(await details()).toContain('Train/');
  await page.keyboard.press('/');
  await page.keyboard.type('seed: 4');
  await page.keyboard.press('Enter');
  expect(await page.textContent('#found')).toBe('1 found');
  expect(await details()).toContain('Train/4');
  await page.keyboard.press('Escape');
  await page.keyboard.press('3');
  await page.focus('#rows');
  await page.keyboard.press('Home');
  expect(await details()).toContain('Load/0');
  await page.keyboard.press('End');
  expect(await details()).toContain('Score/0');
  await page.keyboard.press('2');
  await page.focus('#scroll');
  await page.keyboard.press('ArrowRight');
  expect(await details()).toContain('Train/0');
  await page.keyboard.press('?');
  expect(await page.isVisible('#keys')).toBe(true);
  await page.keyboard.press('Enter');
  expect(await page.isHidden('#keys')).toBe(true);
  expect(faults).toEqual([]);
});

inBrowser('zooms, pans and fits the graph again', async () => {
  await open(wide(5));
  const camera = () => page.getAttribute('#world', 'transform');
  const fitted = await camera();
  await page.mouse.move(600, 400);
  await page.mouse.wheel(0, -300);
  const zoomed = await camera();
  expect(zoomed).not.toBe(fitted);
  await page.mouse.move(20, 700);
  await page.mouse.down();
  await page.mouse.move(120, 650, { steps: 3 });
  await page.mouse.up();
  expect(await camera()).not.toBe(zoomed);
  await page.keyboard.press('0');
  expect(await camera()).toBe(fitted);
});

/** Texts that are outside of their box, or clipped. */
const outside = (): Promise<readonly string[]> =>
  page.evaluate(`[...document.querySelectorAll('.box')].flatMap((box) => {
    const card = box.querySelector('.front').getBoundingClientRect();
    return [...box.querySelectorAll('text')].filter((text) => {
      const { left, right, top, bottom, width } = text.getBoundingClientRect();
      if (width === 0 || getComputedStyle(text).display === 'none') return false;
      return left < card.left || right > card.right || top < card.top || bottom > card.bottom;
    }).map((text) => text.textContent);
  })`);
const isFar = (): Promise<boolean> => page.evaluate("document.querySelector('#canvas').classList.contains('far')");
const styleOf = (selector: string, property: string): Promise<string> =>
  page.evaluate(`getComputedStyle(document.querySelector('${selector}')).${property}`);

/** More tasks than are readable on a screen, with names of wide letters. */
const many = pictureOfNodes([
  ...Array.from({ length: 49 }, (_, seed) =>
    node(`TrainWMModel/${seed}`, {
      task: seed % 2 === 0 ? 'TrainWMModel' : 'MeasureWWWStationsOfTheMMMNetwork',
      params: { path: `WWWW/MMMM/@@@@/${seed}.csv`, WMWMWMWMWMWMWMWMWMWM: seed },
      state: seed === 3 ? 'failed' : 'ran',
      ...(seed === 3 && { error: 'WWMM MWMW MMMM WWWW MMMM WWWW MMMM WWWW' }),
    }),
  ),
  node('Compare/1', {
    task: 'CompareAllWMModels',
    requires: Array.from({ length: 49 }, (_, seed) => `TrainWMModel/${seed}`),
  }),
  node('Ж/1', {
    task: 'ЗагрузитьИзмеренияСтанцийЖЖЖЖЖЖ',
    params: { 名前: '日本語のデータセット日本語のデータセット' },
  }),
]);

inBrowser.each(['light', 'dark'] as const)('keeps all text in its box, zoomed in and out (%s)', async (theme) => {
  await open(many, theme);
  expect(await page.locator('.box').count()).toBe(51);
  expect(await isFar()).toBe(true);
  expect(await outside()).toEqual([]);
  expect(await page.isVisible('.box .name')).toBe(true);
  for (let i = 0; i < 12; i++) await page.click('[data-zoom="1.3"]');
  expect(await isFar()).toBe(false);
  expect(await outside()).toEqual([]);
  await writeFile(join(folder.path, 'graph.svg'), await toSvg(many));
  await page.goto(pathToFileURL(join(folder.path, 'graph.svg')).href);
  expect(await page.locator('.box').count()).toBe(51);
  expect(await outside()).toEqual([]);
});

inBrowser('distinguishes the members of a folded class', async () => {
  const site = 'https://example.org/a/long/way/that/all/of/them/have/';
  const members = Array.from({ length: 240 }, (_, i) =>
    node(`Fetch/${i}`, { params: { retries: 3, site: `${site}${i}`, zone: 'eu' } }),
  );
  await open(pictureOfNodes(members));
  await page.locator('.box').click();
  const texts = await page.locator('#details li').allTextContents();
  expect(new Set(texts).size).toBe(60);
  expect(texts[7]).toContain("site: …/have/7', retries: 3");
  await page.locator('#details button', { hasText: 'Show all in the list' }).click();
  expect(await page.textContent('#rows .row:nth-child(4) code')).toMatch(/^site: …\/have\/2'/);
});

inBrowser('shows one failure among many in the bar and as a number', async () => {
  for (const count of [240, 20_000]) {
    const members = Array.from({ length: count }, (_, i) => node(`Fetch/${i}`, { state: i === 9 ? 'failed' : 'ran' }));
    await open(pictureOfNodes(members));
    const part = await page.locator('.share.failed').getAttribute('width');
    expect(Number(part)).toBeGreaterThanOrEqual(8);
    const widths = await page
      .locator('.share')
      .evaluateAll((all) => all.map((one) => Number(one.getAttribute('width'))));
    const front = Number(await page.locator('.front').getAttribute('width'));
    expect(widths.reduce((sum, width) => sum + width + 1, 0)).toBeLessThanOrEqual(front - 49);
    expect(await page.textContent('.box .remark')).toContain('✗ 1 failed');
    expect(await styleOf('.front', 'stroke')).toBe(await styleOf('.share.failed', 'fill'));
    await page.close();
  }
});

inBrowser('finds values and words with spaces in quotes', async () => {
  const cities = ['New York', 'New Orleans', 'York', 'Old York', 'new   york'];
  await open(
    pictureOfNodes(
      cities.map((city, i) =>
        node(`Visit/${i}`, { params: { city, zip: i }, ...(i === 2 && { error: 'no such  city' }) }),
      ),
    ),
  );
  for (const [text, found] of [
    ['city: "New York"', 2],
    ["city='New York'", 2],
    ['city: `new york` zip: 0', 1],
    ['"new york"', 2],
    ['york new', 2],
    ['city: New', 3],
    ['"such city"', 1],
    ['city: "New', 3],
    ['nothing: "New York"', 0],
  ] as const) {
    await page.fill('#search', text);
    expect([text, await page.textContent('#found')]).toEqual([text, `${found} found`]);
  }
});

inBrowser('never reads text as markup', async () => {
  const params = { [nasty]: nasty };
  const nodes = [
    node(`A/${nasty}`, { task: nasty, params, state: 'failed', error: nasty, why: nasty, worker: nasty, queue: nasty }),
    node('B/1', { requires: [`A/${nasty}`] }),
  ];
  const span = { key: nodes[0]!.key, kind: 'run', startedAt: 5, seconds: 1, attempt: 1, outcome: 'failed' } as const;
  await open({ ...pictureOfNodes(nodes), startedAt: 5, endedAt: 1005, spans: [{ ...span, lane: nasty }] });
  await page.locator('.box').first().click();
  expect(await details()).toContain(nasty);
  await page.keyboard.press('3');
  expect(await page.textContent('#rows')).toContain(nasty);
  await page.keyboard.press('2');
  await page.mouse.move(400, 110);
  expect(await page.textContent('#tip-text')).toContain('<script>alert(1)');
  expect(await page.locator('img').count()).toBe(0);
  expect(faults).toEqual([]);
});

inBrowser('runs only its own script and loads nothing', async () => {
  await open(wide(2));
  await page.evaluate(`
    const script = document.createElement('script');
    script.textContent = 'document.title = "changed"';
    document.head.append(script);
  `);
  expect(await page.title()).toBe('Score');
  await expect(page.evaluate("fetch('https://example.com')")).rejects.toThrow();
  expect(faults.filter((fault) => fault.includes('Content Security Policy')).length).toBeGreaterThan(1);
  expect(await toHtml(wide(2))).not.toMatch(/(?:src|href)=/);
});

inBrowser(
  'folds five thousand tasks, and lists and finds each',
  async () => {
    await open(wide(5000), 'dark');
    expect(await page.locator('#graph .box').count()).toBe(3);
    expect(await page.getAttribute('html', 'data-theme')).toBe('dark');
    await page.locator('.box', { hasText: 'Train × 5,000' }).click();
    expect(await details()).toContain('Members · 5,000');
    await page.getByText('Show all in the list').click();
    expect(await page.textContent('#shown')).toBe('5,000 tasks of 5,002');
    expect(await page.locator('.row').count()).toBeLessThan(60);
    await page.fill('#search', 'seed=4321');
    expect(await page.textContent('#found')).toBe('1 found');
    await page.keyboard.press('t');
    await page.locator('#chips button', { hasText: 'failed' }).click();
    expect(await page.textContent('#rows')).toBe('No task matches.');
    expect(faults).toEqual([]);
  },
  60_000,
);

inBrowser('works before a run and for an empty graph', async () => {
  await open(pictureOfNodes([node('A/1', { state: 'to-run', why: 'there is no checkpoint' })]));
  await page.keyboard.press('2');
  expect(await page.textContent('#timeline')).toContain('Nothing has run yet');
  await page.close();
  await open({ nodes: [], edges: [] });
  expect(await page.textContent('#graph')).toContain('This graph has no tasks.');
  expect(faults).toEqual([]);
});
