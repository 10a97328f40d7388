import CKernels
import Kernels
import Testing

private func depth(_ text: String) -> Int32 {
  let bytes = Array(text.utf8)
  return ks_json_depth(bytes + [0], Int32(bytes.count))
}

@Suite("Depth of JSON") struct JSONDepthTests {
  @Test(
    "objects and arrays lie in each other, brackets in strings do not count",
    arguments: [
      ("", 0), ("1", 0), ("\"[[[\"", 0), ("{}", 1), ("[]", 1), ("{\"a\":[1,{\"b\":[]}]}", 4),
      ("[[],[],[[]]]", 3),
      ("{\"a\\\"[\":\"\\\\\",\"b\":[0]}", 2), ("{\"日[\":[]}", 2),
    ] as [(String, Int32)])
  func counts(text: String, expected: Int32) {
    #expect(depth(text) == expected)
  }

  @Test("what is no JSON has the depth to which a parser would get, or more")
  func broken() {
    #expect(depth(String(repeating: "[", count: 100_000)) == 100_000)
    #expect(depth("]]]][[") == 0)  // a parser stops at the first of them
    #expect(depth("{\"a") == 1)
    #expect(depth("\"\\") == 0)
  }
}
