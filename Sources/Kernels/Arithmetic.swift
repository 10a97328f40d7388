// What Swift would check and end the process for. Where these are used the divisor is never 0; if it were, an answer would
// be wrong, and the server still be there.

/// `a / b`; `a` itself if `b` is 0.
@inline(__always)
func quotient(_ a: Int, _ b: Int) -> Int {
  a.dividedReportingOverflow(by: b).partialValue
}

/// The rest of `a / b`; `a` itself if `b` is 0.
@inline(__always)
func remainder(_ a: Int, _ b: Int) -> Int {
  a.remainderReportingOverflow(dividingBy: b).partialValue
}
