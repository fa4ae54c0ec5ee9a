/** The name by which others find a halt's workflow. */
export function haltWorkflowId(haltId: number): string {
  return `halt:${String(haltId)}`;
}
