/** A segment of the background that holds statements, or a part of one that grew too long. */
export interface StorySegment {
  /** Place in the stream, from 0. */
  readonly address: number;
  /** Segment of the background that it replaces; -1 for a stream without background. */
  readonly base: number;
  readonly lines: readonly string[];
}

/** A story's stream: the background's segments with some replaced. */
export interface StoryStream {
  /** In the order of the stream. */
  readonly changed: readonly StorySegment[];
  /** Segments of the whole stream. */
  readonly segments: number;
}

/**
 * Scatters statements, in their order, over the first `segments` segments of a background: each between two lines at a
 * place drawn evenly from the whole stream. Where a segment would get more than `most` statements it becomes several.
 */
export function scatter(
  statements: readonly string[],
  segments: number,
  random: () => number,
  baseLines: (segment: number) => readonly string[],
  most = 16,
): StoryStream {
  if (segments === 0) return alone(statements, most);
  const spots = statements.map(() => random() * segments).sort((a, b) => a - b);
  const changed: StorySegment[] = [];
  let extra = 0;
  for (let i = 0; i < statements.length; ) {
    const base = Math.floor(spots[i] as number);
    const lines = baseLines(base);
    const merged: string[] = [];
    let next = 0;
    let own = 0;
    const flush = (): void => {
      if (merged.length === 0) return;
      changed.push({ address: base + extra, base, lines: merged.splice(0) });
      extra++;
      own = 0;
    };
    for (; i < statements.length && Math.floor(spots[i] as number) === base; i++) {
      const before = Math.floor(((spots[i] as number) - base) * (lines.length + 1));
      merged.push(...lines.slice(next, before));
      next = before;
      if (own === most) flush();
      merged.push(statements[i] as string);
      own++;
    }
    merged.push(...lines.slice(next));
    flush();
    extra--; // the base itself is replaced
  }
  return { changed, segments: segments + extra };
}

/** Only the statements, `most` to a segment. */
function alone(statements: readonly string[], most: number): StoryStream {
  const changed: StorySegment[] = [];
  for (let at = 0; at < statements.length; at += most) {
    changed.push({ address: changed.length, base: -1, lines: statements.slice(at, at + most) });
  }
  return { changed, segments: changed.length };
}

/** The segment of the background that stands at an address; -1 if one of the story's own does. */
export function baseAt(stream: StoryStream, address: number): number {
  let extra = 0;
  let last = -2;
  for (const segment of stream.changed) {
    if (segment.address === address) return -1;
    if (segment.address > address) break;
    if (segment.base === last) extra++;
    last = segment.base;
  }
  return address - extra;
}
