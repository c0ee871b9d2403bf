import type { Reporter, SerializedError, TestCase, TestModule } from 'vitest/node';

/**
 * Ends the output of a run with `N passed, N failed` (`, N skipped` when there are any) as its very
 * last line, counted by tests. What breaks outside of a test (a file that does not load, a hook, an
 * unhandled error) counts as failed: a green line has to mean that everything ran.
 */
export default class LastLine implements Reporter {
  #counts: { passed: number; failed: number; skipped: number } | undefined;

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const cases = modules.flatMap((module) => [...module.children.allTests()]);
    const inState = (state: string) => cases.filter((test) => test.result().state === state);
    const skipped = inState('skipped');
    for (const test of skipped) console.log(`skipped: ${test.fullName}: ${reasonOf(test)}`);

    const failed = inState('failed').length + brokenOutsideTests(modules) + unhandled.length;
    // A test that never ran because its run was cut is not a pass either.
    const unfinished = inState('pending').length;
    if (this.#counts === undefined) this.#printAtExit();
    this.#counts = {
      passed: inState('passed').length,
      failed: failed + unfinished,
      skipped: skipped.length,
    };
  }

  /** At exit, so that neither another reporter nor the teardown of the run comes after it. */
  #printAtExit(): void {
    process.once('exit', (code) => {
      const { passed, failed, skipped } = this.#counts ?? { passed: 0, failed: 0, skipped: 0 };
      // What broke before or after all tests, like the global set-up, shows in the exit code alone.
      const broken = code !== 0 && failed === 0 ? 1 : failed;
      const tail = skipped > 0 ? `, ${skipped} skipped` : '';
      process.stdout.write(`${passed} passed, ${broken} failed${tail}\n`);
    });
  }
}

function brokenOutsideTests(modules: readonly TestModule[]): number {
  const owners = modules.flatMap((module) => [module, ...module.children.allSuites()]);
  return owners.filter((owner) => owner.errors().length > 0).length;
}

function reasonOf(test: TestCase): string {
  const result = test.result();
  const note = result.state === 'skipped' ? result.note : undefined;
  if (note) return note;
  const owners = [test.module, ...suitesAbove(test)];
  const broken = owners.some((owner) => owner.errors().length > 0);
  return broken ? 'its set-up failed' : 'NO REASON GIVEN (use context.skip("why"))';
}

function suitesAbove(test: TestCase): { errors(): unknown[] }[] {
  const suites: { errors(): unknown[] }[] = [];
  for (let parent = test.parent; parent.type === 'suite'; parent = parent.parent) {
    suites.push(parent);
  }
  return suites;
}
