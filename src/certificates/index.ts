/** A CA of our own, the serving certificate that it signs, and when each is renewed. No cluster, no file, no server. */
export { certificateMaker, type MakerOptions, makeStopgap } from './issue.ts';
export { keepUp, PUBLISHED_BEFORE, renewalOf, type Wanted } from './keep-up.ts';
export { bundleOf, type CertificateTexts, KEYS, readCertificates, sameTexts, textsOf } from './read.ts';
export { permits } from './scope.ts';
export type { Authority, CertificatePair, Certificates, Leaf, Maker, Validity } from './types.ts';
