import { TidemarkError } from '../error';

/** The command line cannot be followed: nothing ran. */
export class Misuse extends TidemarkError {}
