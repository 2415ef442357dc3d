import { shareClass } from '../../base/shared-state';
import { registerType } from '../../encoding/register-type';

/** Stands in a structure for a result that is sent beside it. */
export class StandIn {
  static {
    shareClass(StandIn, 'StandIn');
  }

  constructor(readonly piece: number) {}
}
registerType(StandIn, {
  name: 'tidemark.stand-in',
  encode: ({ piece }) => piece,
  decode: (piece) => new StandIn(piece),
});
