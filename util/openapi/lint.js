// Lints an OpenAPI description with Redocly's rules, all of which count as
// errors, and prints "file:line: rule: what is wrong".
//
//     node lint.js FILE
//     node lint.js --self-test FILE    each sample breaks it once

'use strict';

const fs = require('fs');
const os = require('os');
const path = require('path');

// where NODE_PATH says, see util/openapi-check
const { createConfig, lint } = require('@redocly/openapi-core');

const samples = [
  [/^ {4}Id32:/m, '    Id33:', 'no-unresolved-refs'],
  [/^ {4}OrderSku:/m, '    OrderItem:', 'no-unresolved-refs'],
  ['"304":', '"34":', 'struct'],
  [/^ {6}in: path\n/m, '      in: pat\n', 'struct'],
  ['operationId: headConnectionHealth\n', 'operationId: getConnectionHealth\n',
    'operation-operationId-unique'],
  ['security: []\n', '', 'security-defined'],
  ['/{cart_id}/payment:', '/{cart}/payment:', 'path-parameters-defined'],
  ['      type: integer\n', '      type: number of things\n', 'struct'],
];

async function faults(file) {
  const config = await createConfig({ extends: ['recommended-strict'] });
  const found = await lint({ ref: file, config });

  return found.map(({ ruleId, message, location: [at] }) => {
    const source = at.source.absoluteRef;
    const text = at.pointer || '';
    return { ruleId, text: `${source}: ${text}: ${ruleId}: ${message}` };
  });
}

async function selfTest(file) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'openapi-check.'));
  const good = fs.readFileSync(file, 'utf8');
  let failed = false;

  try {
    for (const [from, to, rule] of samples) {
      const sample = path.join(folder, 'openapi.yaml');
      const text = good.replace(from, to);
      fs.writeFileSync(sample, text);

      const found = await faults(sample);
      if (text === good || !found.some(({ ruleId }) => ruleId === rule)) {
        console.log(`self-test: ${from}: nobody said ${rule}`);
        failed = true;
      }
    }
  } finally {
    fs.rmSync(folder, { recursive: true });
  }

  console.log(`self-test: ${samples.length} samples: `
    + (failed ? 'failed' : 'ok'));
  return failed;
}

async function main(args) {
  if (args[0] === '--self-test') {
    return selfTest(path.resolve(args[1]));
  }

  const found = await faults(path.resolve(args[0]));
  for (const { text } of found) {
    console.log(text);
  }
  return found.length > 0;
}

main(process.argv.slice(2)).then(
  (failed) => { process.exitCode = failed ? 1 : 0; },
  (error) => { console.error(error); process.exitCode = 2; });
