/** What runs each target that the docs tell people to type: a file that must be there and speak of it. */
export const RUN_BY: Readonly<Record<string, string>> = {
  demo: 'test/e2e/demo.test.ts',
  test: '.ci/run',
  'test-e2e': '.ci/run',
  lint: '.ci/run',
  docs: 'test/e2e/site.test.ts',
  image: 'test/e2e/image.test.ts',
  soak: 'test/e2e/soak/soak.test.ts',
  cluster: 'test/e2e/make-cluster.test.ts',
};
