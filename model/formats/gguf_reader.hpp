#pragma once
#include "model/formats/stream.hpp"
#include "rt/arena.hpp"
#include "rt/utf.hpp"

namespace model::gguf {

/// The types of metadata values, as files number them (ggml, docs/gguf.md).
enum class ValueType : uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, text, array, u64, i64, f64 };

/// What stands in front of a value: its type, or for an array the type of its elements and their count.
struct ValueHead {
  ValueType type{};
  bool array = false;
  uint64_t count = 1;

  bool whole() const { return !real() && type != ValueType::text; }
  bool real() const { return type == ValueType::f32 || type == ValueType::f64; }
};

/// Reads what the head of a GGUF file is made of, from front to back. Failure sticks: the first error is kept,
/// and from then on every read gives 0 and reads nothing. So a caller looks once, where it must: before a loop goes on.
class Reader {
 public:
  explicit Reader(Stream& stream) : stream_(stream) {}

  bool failed() const { return error_; }
  const rt::Error& error() const { return *error_; }

  template <class T>
  T number() {
    T value{};
    read(&value, sizeof value);
    return value;
  }

  void read(void* to, uint64_t n);
  /// A key or a tensor's name, valid until the next; errors are about it from here on. Of a longer name the first
  /// kLongestName bytes: nobody whom we know.
  rt::Text name();
  ValueHead value_head();
  /// An integer of any width, or a flag; negative ones wrap, and so are above every bound.
  uint64_t whole(ValueType type);
  double real(ValueType type);
  /// A text, in memory from `arena`.
  rt::Text text(uint64_t longest, rt::Arena& arena);
  /// `count` texts, none longer than `longest`.
  rt::Span<rt::Text> texts(uint64_t count, uint64_t longest, rt::Arena& arena);
  /// Passes over a value whose head has been read.
  void skip(const ValueHead& head);

  /// Fails with the file's name, whom it is about (the newest name()), and what is wrong with it.
  [[gnu::format(printf, 3, 4)]] void refuse(rt::Errc code, const char* what, ...);
  void refuse_about(const char* subject, const char* what);
  /// As refuse_about(), for a key whose value is a text.
  void refuse_value(const char* subject, const rt::Text& value, const char* what);
  void about(const rt::Text& subject);

  template <class T>
  rt::Span<T> make(rt::Arena& arena, uint64_t count) {
    if (error_) return {};
    rt::Result<rt::Span<T>> span = arena.make_raw<T>(count);
    if (span) return *span;
    error_ = &span.error();
    return {};
  }

  static constexpr uint64_t kLongestName = 95;

 private:
  void pass(uint64_t n);
  uint64_t length(uint64_t most);

  Stream& stream_;
  const rt::Error* error_ = nullptr;  // the newest: after it nothing is tried
  char subject_[kLongestName];
  uint64_t subject_size_ = 0;
};

}  // namespace model::gguf
