/** Binance spot's own error bodies: code, message and HTTP status as the venue gives them. */

/** Thrown by a handler; the server writes it as `{"code":…,"msg":…}`. */
export class VenueError extends Error {
  readonly status: number;
  readonly code: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: number, msg: string, status = 400, headers: Record<string, string> = {}) {
    super(msg);
    this.name = 'VenueError';
    this.code = code;
    this.status = status;
    this.headers = headers;
  }

  get body(): string {
    return JSON.stringify({ code: this.code, msg: this.message });
  }
}

export const illegalCharacters = (name: string, range: string): VenueError =>
  new VenueError(
    -1100,
    `Illegal characters found in parameter '${name}'; legal range is '${range}'.`,
  );
export const tooManyParameters = (expected: number, received: number): VenueError =>
  new VenueError(
    -1101,
    `Too many parameters; expected '${String(expected)}' and received '${String(received)}'.`,
  );
export const mandatoryMissing = (name: string): VenueError =>
  new VenueError(
    -1102,
    `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`,
  );
export const parameterEmpty = (name: string): VenueError =>
  new VenueError(-1105, `Parameter '${name}' was empty.`);
export const notRequired = (name: string): VenueError =>
  new VenueError(-1106, `Parameter '${name}' sent when not required.`);
export const tooMuchPrecision = (name: string): VenueError =>
  new VenueError(-1111, `Parameter '${name}' has too much precision.`);
export const invalidTimeInForce = (): VenueError => new VenueError(-1115, 'Invalid timeInForce.');
export const invalidOrderType = (): VenueError => new VenueError(-1116, 'Invalid orderType.');
export const invalidSide = (): VenueError => new VenueError(-1117, 'Invalid side.');
export const invalidInterval = (): VenueError => new VenueError(-1120, 'Invalid interval.');
export const invalidSymbol = (): VenueError => new VenueError(-1121, 'Invalid symbol.');
export const moreThanADay = (): VenueError =>
  new VenueError(-1127, 'More than 24 hours between startTime and endTime.');
export const badCombination = (): VenueError =>
  new VenueError(-1128, 'Combination of optional parameters invalid.');
export const recvWindowTooLarge = (): VenueError =>
  new VenueError(-1131, 'recvWindow must be less than 60000.');

export const timestampAhead = (): VenueError =>
  new VenueError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.");
export const outsideRecvWindow = (): VenueError =>
  new VenueError(-1021, 'Timestamp for this request is outside of the recvWindow.');
export const badSignature = (): VenueError =>
  new VenueError(-1022, 'Signature for this request is not valid.');
export const badKeyFormat = (): VenueError => new VenueError(-2014, 'API-key format invalid.', 401);
export const badKey = (): VenueError =>
  new VenueError(-2015, 'Invalid API-key, IP, or permissions for action.', 401);

export const filterFailure = (filter: string): VenueError =>
  new VenueError(-1013, `Filter failure: ${filter}`);
export const insufficientBalance = (): VenueError =>
  new VenueError(-2010, 'Account has insufficient balance for requested action.');
export const duplicateOrder = (): VenueError => new VenueError(-2010, 'Duplicate order sent.');
export const wouldMatch = (): VenueError =>
  new VenueError(-2010, 'Order would immediately match and take.');
export const wouldTrigger = (): VenueError =>
  new VenueError(-2010, 'Stop price would trigger immediately.');
export const unknownOrder = (): VenueError => new VenueError(-2011, 'Unknown order sent.');
export const orderDoesNotExist = (): VenueError => new VenueError(-2013, 'Order does not exist.');

export const outcomeUnknown = (): VenueError =>
  new VenueError(
    -1007,
    'Timeout waiting for response from backend server. Send status unknown; execution status unknown.',
    504,
  );
export const unexpectedAnswer = (): VenueError =>
  new VenueError(
    -1006,
    'An unexpected response was received from the message bus. Execution status unknown.',
    500,
  );
export const unknownError = (): VenueError =>
  new VenueError(-1000, 'An unknown error occurred while processing the request.');
export const tooMuchWeight = (limit: number, retryAfterSeconds: number): VenueError =>
  new VenueError(
    -1003,
    `Too much request weight used; current limit is ${String(limit)} request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.`,
    429,
    { 'retry-after': String(retryAfterSeconds) },
  );
export const banned = (until: number, retryAfterSeconds: number): VenueError =>
  new VenueError(
    -1003,
    `Way too much request weight used; IP banned until ${String(until)}. Please use WebSocket Streams for live updates to avoid bans.`,
    418,
    { 'retry-after': String(retryAfterSeconds) },
  );
export const tooManyOrders = (limit: number, per: string, retryAfterSeconds: number): VenueError =>
  new VenueError(
    -1015,
    `Too many new orders; current limit is ${String(limit)} orders per ${per}.`,
    429,
    { 'retry-after': String(retryAfterSeconds) },
  );
