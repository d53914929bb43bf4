/** Why a command block of the docs is not run by a test, and what is: markers `<!-- not run: REASON -->` give one of these. */
export const NOT_RUN: Readonly<Record<string, string>> = {
  'a form': 'says what may be written, not what to type; its commands and flags are looked up in --help',
  registry: 'pushes to, or pulls from, a registry of images or packages: a test reaches none',
  minutes: 'takes minutes of the whole machine; make knows the target',
  cloud: 'wants an account of somebody else: a cloud, GitHub',
};

/** Of all pages; raise it only with a reason that no test can be written for. */
export const MOST = 12;
