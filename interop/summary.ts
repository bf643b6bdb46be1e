/** Prints the closing line of a test run from Vitest's JSON report: `N passed, N failed, N skipped`. */
import { existsSync, readFileSync } from 'node:fs';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly numFailedTestSuites: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

const path = process.argv[2] ?? '';
if (!existsSync(path)) {
  process.stdout.write('0 passed, 1 failed, 0 skipped\n');
  process.exitCode = 1;
} else {
  const report = JSON.parse(readFileSync(path, 'utf8')) as Report;
  // A file that does not even load has no tests to count: it counts as one failure.
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  );
  const failed = report.numFailedTests + broken.length;
  const skipped = report.numPendingTests + report.numTodoTests;
  process.stdout.write(`${report.numPassedTests} passed, ${failed} failed, ${skipped} skipped\n`);
  process.exitCode = failed > 0 ? 1 : 0;
}
