import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files that take the longest, longest first: none of them begins when the others are done and one
 * core would stand idle to the end.
 */
const heavy = [
  /^test\/how-to\//,
  /^test\/(hostile|ops)\//,
  /^test\/acceptance\/demo/,
  /^test\/(log|walkthrough)\//,
  /^test\/(acceptance|event-store)\//,
  /^test\/support\/platform/,
  /^embedded\/(event-store|supervisor)\//,
];

export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const path = moduleId.replace(`${this.ctx.config.root}/`, '');
      const index = heavy.findIndex((pattern) => pattern.test(path));
      return index === -1 ? heavy.length : index;
    };
    const usual = await super.sort(files);
    return usual.toSorted((a, b) => rank(a) - rank(b));
  }
}
