import type { FromPanel } from "../protocol/panel.ts";

/** Sends what the user did to the host. */
export type Send = (message: FromPanel) => void;

/** What an exchange needs to know beside itself. */
export interface Surroundings {
  /** The engine takes a question now: some of the workspace is read, nothing runs. */
  readonly canAsk: boolean;
  /** The whole workspace is read. */
  readonly allRead: boolean;
  /** Files of the index, where known. */
  readonly files: number | undefined;
  /** A later exchange follows: this one folds. */
  readonly earlier: boolean;
}
