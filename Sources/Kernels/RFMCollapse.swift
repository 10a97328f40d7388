import CKernels

/// Adds up the rows of each customer and writes them back to the front of the list.
///
/// - Returns: how many rows remain, one a customer, in no order that means anything.
/// - Throws: `overflow` if a customer's amount leaves 64 bits or the orders leave 31; the rows are then as they were.
/// - Complexity: O(rows) time; scratch up to 170 bytes a customer.
private func collapse(
  _ purchases: UnsafeMutablePointer<ks_chunk>?, _ limits: inout Limits
) throws(Failure) -> Int {
  _ = try Chunks<ks_purchase>.count(purchases)
  var index = try KeyIndex(&limits)
  var totals = try Scratch<ks_purchase>(512, &limits)
  var chunks = Chunks<ks_purchase>(purchases)
  while let block = chunks.nextBlock() {
    var row = 0
    while row < block.count {
      try limits.poll(row: row)
      let purchase = block.rows[row]
      let known = index.count
      let number = try index.number(of: purchase.customer, &limits)
      if number == known {
        if number == totals.capacity { try totals.grow(to: number &* 2, keeping: number, &limits) }
        totals.base[number] = purchase
      } else {
        try add(purchase, to: &totals.base[number])
      }
      row &+= 1
    }
  }
  writeBack(totals.base, count: index.count, to: purchases)
  return index.count
}

@inline(__always)
private func add(_ purchase: ks_purchase, to total: inout ks_purchase) throws(Failure) {
  let (amount, tooMuch) = total.amount.addingReportingOverflow(purchase.amount)
  let (orders, tooMany) = total.orders.addingReportingOverflow(purchase.orders)
  if tooMuch || tooMany { throw .overflow }
  total.amount = amount
  total.orders = orders
  if purchase.day > total.day { total.day = purchase.day }
}

/// Fills the chunks from the first one on, each as far as it was filled before; the rest become empty.
private func writeBack(
  _ totals: UnsafePointer<ks_purchase>, count: Int, to first: UnsafeMutablePointer<ks_chunk>?
) {
  var done = 0
  var next = first
  while let chunk = next {
    let part = min(count &- done, Int(chunk.pointee.count))
    memcpy(chunk + 1, totals + done, part &* MemoryLayout<ks_purchase>.stride)
    chunk.pointee.count = Int64(part)
    done &+= part
    next = chunk.pointee.next
  }
}

@c @implementation
public func ks_rfm_collapse(
  _ purchases: UnsafeMutablePointer<ks_chunk>?, _ limits: UnsafePointer<ks_limits>,
  _ rows: UnsafeMutablePointer<Int64>
) -> ks_status {
  var limits = Limits(limits)
  do throws(Failure) {
    rows.pointee = Int64(try collapse(purchases, &limits))
    return KS_OK
  } catch {
    return error.status
  }
}
