import { readFileSync } from 'node:fs';
import starlight from '@astrojs/starlight';
import { defineConfig } from 'astro/config';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const sidebar = JSON.parse(readFileSync(new URL('./sidebar.json', import.meta.url), 'utf8'));

export default defineConfig({
  base: process.env.SITE_BASE ?? '/',
  // Where it will be published, if it is known: only the map of the site and canonical links need it.
  ...(process.env.SITE_URL && { site: process.env.SITE_URL }),
  integrations: [
    starlight({
      title: `Trustmint ${version}`,
      description: 'Turns the identity a workload already has into a short-lived token it can use.',
      sidebar,
      customCss: ['./src/styles/site.css'],
      pagination: false,
      credits: false,
      tableOfContents: { minHeadingLevel: 2, maxHeadingLevel: 3 },
      expressiveCode: { defaultProps: { wrap: true, frame: 'none' }, shiki: { langAlias: { promql: 'txt' } } },
    }),
  ],
});
