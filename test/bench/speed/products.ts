/** Products of one layer: rows and columns of each weight. */
export const SHAPES = [
  [384, 1152],
  [384, 384],
  [384, 1536],
  [1536, 384],
] as const;
/** Layers that an index step runs: those below the writers. */
export const LAYERS = 6;

/** Multiplications and additions of an index step's weights for each token. */
export const OPERATIONS_PER_TOKEN = 2 * LAYERS * SHAPES.reduce((sum, [rows, columns]) => sum + rows * columns, 0);
