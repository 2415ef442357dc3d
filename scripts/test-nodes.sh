#!/usr/bin/env bash
# Runs the test suite on the supported versions of Node above the oldest. Arguments go to jest.
set -euo pipefail
cd "$(dirname "$0")/.."

for version in 22 24 26; do
  echo "── Node $(npx -y "node@$version" --version)"
  npx -y "node@$version" node_modules/jest/bin/jest.js "$@"
done
