/** The search attributes of order and strategy workflows: what an operator filters by in the Temporal UI. */
export const SEARCH_ATTRIBUTES = {
  KeelStrategy: 'Keyword',
  KeelSymbol: 'Keyword',
  KeelExchange: 'Keyword',
  KeelSide: 'Keyword',
  KeelOrderStatus: 'Keyword',
} as const;

export type SearchAttributeName = keyof typeof SEARCH_ATTRIBUTES;
