// Failures that the caller of a tool can understand and act on. Every other error is a fault of the plugin.

/** Failure is a failure with a code of plugin.proto. The functions below make those that a tool throws itself. */
export class Failure extends Error {
  /**
   * @param {string} code of the enum Failure.Code, such as "CODE_NOT_FOUND"
   * @param {string} message what happened, to what, and what to do about it
   * @param {number} httpStatus of Auth0's answer, for CODE_API
   */
  constructor(code, message, httpStatus = 0) {
    super(message);
    this.code = code;
    this.httpStatus = httpStatus;
  }
}

/** The arguments make no sense together; name the argument and what would be right. */
export const invalidArgument = (message) => new Failure("CODE_INVALID_ARGUMENT", message);

/** What the arguments name does not exist. */
export const notFound = (message) => new Failure("CODE_NOT_FOUND", message);

/** More than one thing fits what the arguments name; list them. */
export const ambiguous = (message) => new Failure("CODE_AMBIGUOUS", message);

/** The arguments are right, but what they name is not in a state for it. */
export const failedPrecondition = (message) => new Failure("CODE_FAILED_PRECONDITION", message);

/**
 * error with what a tool that makes several changes had changed before it, what not, and how to go on, in whole
 * sentences.
 */
export function partly(done, error) {
  error.done = done;
  return error;
}

/** The Failure message of an error. */
export function toFailure(error) {
  const known = error instanceof Failure;
  return {
    code: known ? error.code : "CODE_INTERNAL",
    message: known ? error.message : String(error),
    http_status: known ? error.httpStatus : 0,
    done: error?.done ?? "",
  };
}
