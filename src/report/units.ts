/** `850 µs`, `12 ms`, `3.4 s`, `2 min 5 s`, `3 h 12 min` */
export function showSeconds(seconds: number): string {
  if (seconds < 0.0009995) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 0.9995) return `${significant(seconds * 1000)} ms`;
  if (seconds < 59.95) return `${significant(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return inTwoUnits(whole, 'min', 's');
  const minutes = Math.round(seconds / 60);
  return inTwoUnits(minutes, 'h', 'min');
}

/** Splits a value into two units, of which the larger is 60 of the smaller. */
function inTwoUnits(value: number, large: string, small: string): string {
  const rest = value % 60;
  return `${Math.floor(value / 60)} ${large}${rest > 0 ? ` ${rest} ${small}` : ''}`;
}

const units = ['kB', 'MB', 'GB', 'TB'];

/** `512 B`, `34 kB`, `1.2 GB` */
export function showBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  let unit = 0;
  let value = bytes / 1000;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${significant(value)} ${units[unit]}`;
}

/** `12,345` */
export function showCount(count: number): string {
  return String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
}

/** Rounds to two significant digits, but keeps all digits before the decimal point. */
function significant(value: number): string {
  return value >= 9.95 ? String(Math.round(value)) : String(Math.round(value * 10) / 10);
}
