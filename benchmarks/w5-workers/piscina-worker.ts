import { work } from './tasks';

module.exports = work;
