/** A file of the workspace as every peer sees it: the product's own discovery and decoding. */
export interface SourceFile {
  /** Relative to the workspace, forward slashes. */
  readonly path: string;
  readonly text: string;
}
