#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace test {

/// The head of a GGUF file, written value by value (ggml, docs/gguf.md).
class GgufBytes {
 public:
  enum Type : uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, text, array, u64, i64, f64 };

  template <class T>
  GgufBytes& number(T value) {
    const auto* at = reinterpret_cast<const uint8_t*>(&value);
    bytes_.insert(bytes_.end(), at, at + sizeof value);
    return *this;
  }
  GgufBytes& string(const std::string& text) {
    number(uint64_t{text.size()});
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    return *this;
  }
  /// A key with one number.
  template <class T>
  GgufBytes& key(const std::string& name, Type type, T value) {
    ++keys_;
    return string(name).number(type).number(value);
  }
  GgufBytes& key(const std::string& name, const std::string& value) {
    ++keys_;
    return string(name).number(text).string(value);
  }
  GgufBytes& key(const std::string& name, const std::vector<std::string>& values) {
    ++keys_;
    string(name).number(array).number(text).number(uint64_t{values.size()});
    for (const std::string& value : values) string(value);
    return *this;
  }
  template <class T>
  GgufBytes& key(const std::string& name, Type type, const std::vector<T>& values) {
    ++keys_;
    string(name).number(array).number(type).number(uint64_t{values.size()});
    for (const T& value : values) number(value);
    return *this;
  }

  /// The whole: magic, version, counts, and what has been written.
  std::vector<uint8_t> file(uint32_t version = 3, uint64_t tensors = 0) const {
    GgufBytes head;
    head.number(uint32_t{0x46554747}).number(version).number(tensors).number(keys_);
    head.bytes_.insert(head.bytes_.end(), bytes_.begin(), bytes_.end());
    return head.bytes_;
  }

  /// What has been written, alone.
  const std::vector<uint8_t>& bytes() const { return bytes_; }

 private:
  std::vector<uint8_t> bytes_;
  uint64_t keys_ = 0;
};

}  // namespace test
