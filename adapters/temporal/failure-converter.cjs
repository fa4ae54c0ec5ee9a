/**
 * Failures whose message and stack trace travel as a payload, so that the codec encrypts them too. The SDK
 * loads this file by its path, on our side and inside the bundle of workflows: hence a file of its own.
 */
const { DefaultFailureConverter } = require('@temporalio/common');

module.exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
