import type { PageData } from '../page-data';
import { byId } from './elements';

/** Where the page gets its data from. */
type DataSource = () => PageData;

/** Data in the page itself: a page in one file needs no server. */
export const embeddedData: DataSource = () => JSON.parse(byId('data', HTMLScriptElement).text) as PageData;
