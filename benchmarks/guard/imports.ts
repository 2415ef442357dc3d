// How many files are loaded to import the package, those of other packages included.
//
// node imports.js
const before = Object.keys(require.cache).length;
require('tidemark');
console.log(JSON.stringify({ 'of the package': Object.keys(require.cache).length - before }));

export {};
