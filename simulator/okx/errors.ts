/** OKX's own refusals: of a whole request, and of one row in it. */

/** Thrown by a handler; the server writes it as `{"code":…,"data":[],"msg":…}`. */
export class OkxError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, msg: string, status = 200) {
    super(msg);
    this.name = 'OkxError';
    this.code = code;
    this.status = status;
  }

  get body(): string {
    return JSON.stringify({ code: this.code, data: [], msg: this.message });
  }
}

/** Thrown for one row of a trading request, which tells it as `sCode` and `sMsg` with status 200. */
export class RowError extends Error {
  readonly sCode: string;

  constructor(sCode: string, sMsg: string) {
    super(sMsg);
    this.name = 'RowError';
    this.sCode = sCode;
  }
}

export const badBody = (): OkxError => new OkxError('50002', 'JSON syntax error', 400);
export const engineTimeout = (): OkxError =>
  new OkxError('50004', 'API endpoint request timeout ', 400);
export const tooFast = (): OkxError => new OkxError('50011', 'Too Many Requests', 429);
export const systemError = (status: number): OkxError =>
  new OkxError('50026', 'System error. Try again later.', status);
export const accountTooFast = (): RowError =>
  new RowError('50061', "You've reached the maximum order rate limit for this account.");
export const timestampExpired = (): OkxError =>
  new OkxError('50102', 'Timestamp request expired', 401);
export const headerMissing = (code: string, name: string): OkxError =>
  new OkxError(code, `Request header "${name}" can not be empty`, 401);
export const wrongPassphrase = (): OkxError =>
  new OkxError('50105', 'Request header "OK-ACCESS-PASSPHRASE" incorrect', 401);
export const wrongKey = (): OkxError => new OkxError('50111', 'Invalid OK-ACCESS-KEY', 401);
export const wrongTimestamp = (): OkxError =>
  new OkxError('50112', 'Invalid OK-ACCESS-TIMESTAMP', 401);
export const wrongSign = (): OkxError => new OkxError('50113', 'Invalid Sign', 401);

const NO_SUCH_INSTRUMENT = "Instrument ID, Instrument ID code, or Spread ID doesn't exist.";

/** Of a read's parameter. */
export const badParameter = (name: string): OkxError =>
  new OkxError('51000', `Parameter ${name} error`, 400);
export const noSuchInstrument = (): OkxError => new OkxError('51001', NO_SUCH_INSTRUMENT);
export const orderDoesNotExist = (): OkxError => new OkxError('51603', 'Order does not exist');

/** Of a trading request's parameter. */
export const badRow = (name: string): RowError => new RowError('51000', `Parameter ${name} error`);
export const unknownInstrument = (): RowError => new RowError('51001', NO_SUCH_INSTRUMENT);
export const insufficientBalance = (asset: string): RowError =>
  new RowError('51008', `Order failed. Insufficient ${asset} balance in account.`);
export const nothingToReduce = (): RowError =>
  new RowError('51169', "Order failed. You don't have any positions in this direction to reduce.");
export const duplicateClientId = (): RowError =>
  new RowError('51016', 'Client order ID already exists.');
export const belowMinimum = (): RowError =>
  new RowError('51020', 'Your order should meet or exceed the minimum order amount.');
export const overMaximum = (): RowError => new RowError('51101', 'Entered amount exceeds the max.');
export const offLot = (): RowError =>
  new RowError('51121', 'Order quantity must be a multiple of the lot size.');
export const buyPriceOver = (max: string): RowError =>
  new RowError(
    '51137',
    `The highest price limit for buy orders is ${max}. Please reduce the order price.`,
  );
export const sellPriceUnder = (min: string): RowError =>
  new RowError(
    '51138',
    `The lowest price limit for sell orders is ${min}. Please increase the order price.`,
  );
export const orderTimedOut = (): RowError =>
  new RowError('51149', 'Order timed out. Please try again later.');
export const marketOverMaximum = (): RowError =>
  new RowError('51202', 'The amount of the market order exceeds the maximum.');
/** Of a buy: its trigger must be above the last price. */
export const slBelowLast = (): RowError =>
  new RowError('51278', 'SL trigger price cannot be lower than the last price');
/** Of a sale: its trigger must be below the last price. */
export const slAboveLast = (): RowError =>
  new RowError('51280', 'SL trigger price cannot be higher than the last price');
export const leverageTooHigh = (): RowError =>
  new RowError('59102', 'Leverage exceeds the maximum limit. Please lower the leverage.');
export const settingsLocked = (): RowError =>
  new RowError(
    '59000',
    'Setting failed. Cancel any open orders, close positions, and stop trading bots first.',
  );
export const cancelUnknown = (): RowError =>
  new RowError('51400', 'Cancellation failed as the order does not exist.');
export const cancelCancelled = (): RowError =>
  new RowError('51401', 'Cancellation failed as the order is already canceled.');
export const cancelFilled = (): RowError =>
  new RowError('51402', 'Cancellation failed as the order is already completed.');
