/** A list in pages, each as large as it may be. */
import { KubeApiError } from './errors.ts';
import type { CallOptions, KubeClient, KubeObject, ListPage, ListParams, ResourceType } from './types.ts';

/**
 * The pages of one list. Where `limit` objects are more than an answer may hold (whoever may write them, may annotate
 * them), smaller pages are asked for.
 * @throws KubeApiError
 */
export async function* pages(
  client: Pick<KubeClient, 'list'>,
  type: ResourceType,
  params: ListParams & { readonly limit: number },
  options: CallOptions = {},
): AsyncGenerator<ListPage, void, undefined> {
  let { limit } = params;
  let token: string | undefined;
  for (;;) {
    let page: ListPage;
    try {
      page = await client.list(type, { ...params, limit, ...(token !== undefined && { continue: token }) }, options);
    } catch (cause) {
      if (limit <= 1 || !(cause instanceof KubeApiError && cause.reason === 'TooLarge')) throw cause;
      limit = Math.max(1, Math.floor(limit / 4));
      continue;
    }
    yield page;
    token = page.continue;
    if (token === undefined) return;
  }
}

/** Objects of a page, where nobody says otherwise. */
const PAGE = 500;

/** All that a list has, read in pages. @throws KubeApiError */
export async function listAll(
  client: Pick<KubeClient, 'list'>,
  type: ResourceType,
  params: Omit<ListParams, 'limit' | 'continue'> = {},
): Promise<KubeObject[]> {
  const items: KubeObject[] = [];
  for await (const page of pages(client, type, { ...params, limit: PAGE })) items.push(...page.items);
  return items;
}
