/** A study as a person reads it in the Temporal UI. */
import type { StudyState } from './study-messages.ts';

const BAR_WIDTH = 20;

export function studyDetails({
  studyId,
  phase,
  reason,
  most,
  tried,
  failed,
  best,
}: StudyState): string {
  const why = reason === null ? '' : `: ${reason}`;
  const lines = [`Study **${studyId}** is **${phase}**${why}`];
  if (most > 0) {
    const filled = Math.round((tried / most) * BAR_WIDTH);
    const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}`;
    const failures = failed === 0 ? '' : `, ${String(failed)} failed`;
    lines.push(`\`${bar}\` ${String(tried)} of at most ${String(most)} trials${failures}`);
  }
  if (best !== null) {
    const { number, parameters, score } = best;
    lines.push(
      `Best in sample: trial ${String(number)}, score **${score.toFixed(4)}**, \`${parameters}\``,
    );
  }
  if (phase === 'running' || phase === 'paused') {
    const update = phase === 'running' ? 'pause' : 'resume';
    lines.push(`Update \`${update}\`, signal \`cancel\`, each with \`{"by": "your name"}\`.`);
  }
  if (phase === 'done') lines.push(`\`keel study show ${studyId}\` prints the report.`);
  return lines.join('\n\n');
}
