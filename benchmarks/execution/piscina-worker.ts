import { next } from './tasks';

module.exports = next;
