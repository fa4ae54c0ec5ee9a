/**
 * A webpack loader for the bundle of workflows: the same two steps that jest takes for all other files, so
 * that a file that runs on both sides has one coverage map.
 */
const { createTransformer } = require('@swc/jest');
const { createInstrumenter } = require('istanbul-lib-instrument');

const transformer = createTransformer({ swcrc: true, sourceMaps: true });

module.exports = function instrument(source) {
  const file = this.resourcePath;
  const { code, map } = transformer.process(source, file, { supportsStaticESM: true });
  const instrumenter = createInstrumenter({ esModules: true, produceSourceMap: true });
  const instrumented = instrumenter.instrumentSync(code, file, JSON.parse(map));
  this.callback(null, instrumented, instrumenter.lastSourceMap());
};
