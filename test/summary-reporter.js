/** Prints the one line CI reads: the true numbers, last. */
export default class SummaryReporter {
  onRunComplete(_contexts, results) {
    const broken = results.testResults.filter((file) => file.testExecError).length;
    process.once('exit', () => {
      process.stdout.write(
        `${results.numPassedTests} passed, ${results.numFailedTests + broken} failed` +
          (results.numPendingTests > 0 ? `, ${results.numPendingTests} skipped\n` : '\n'),
      );
    });
  }
}
