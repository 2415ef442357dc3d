import type { TaskKey } from '../../task/context';

/** What the thread is told. */
export type ToKeeper =
  | {
      readonly type: 'keep';
      readonly id: number;
      /** The store, as it can be opened. */
      readonly uri: string;
      readonly key: TaskKey;
      readonly token: string;
      readonly expiresAfter: number;
    }
  | {
      readonly type: 'hand-back';
      readonly id: number;
      /** Whether its token is asked for: one that cannot have been renewed yet has the token that it had. */
      readonly isAsked: boolean;
    };

/** What it tells. */
export type FromKeeper =
  | { readonly type: 'lost'; readonly id: number }
  | { readonly type: 'handed-back'; readonly id: number; readonly token: string | undefined };
