#pragma once
#include "rt/format.hpp"
#include "rt/result.hpp"

namespace json {

enum class Kind : uint8_t { none, object, array, string, number, boolean, null };

/// A value in a text that read() has found to be right. Nothing is copied: it is walked again where it stands. Walking
/// must be over before string() changes the text.
struct Value {
  explicit operator bool() const { return at; }

  Kind kind() const { return kind_at(at); }
  /// As it stands in the text, a string with its quotes.
  rt::Text raw() const;

  /// Of an array the first value, of an object the first name; none where it is empty, and of anything else.
  Value first() const { return {first_at(at)}; }
  /// What comes behind this in the same array or object: there names and values take turns.
  Value next() const { return {next_at(at)}; }
  /// The value that an object has under a name.
  Value member(const char* name) const { return {member_at(at, name)}; }

  /// Is it a string of just these bytes?
  bool equals(const char* text) const { return equals_at(at, text); }
  /// Bytes of a string, without quotes and escapes.
  uint64_t string_size() const { return size_at(at); }
  /// Writes a string to `to`, in UTF-8, which may be where it stands or to the left of that. Returns the end.
  char* string(char* to) const;

  const char* at;  // its first byte

 private:
  // What a member returns or is called on goes by memory, and a pointer in a register.
  static Kind kind_at(const char* at);
  static const char* first_at(const char* at);
  static const char* next_at(const char* at);
  static const char* member_at(const char* at, const char* name);
  static bool equals_at(const char* at, const char* text);
  static uint64_t size_at(const char* at);
};
static_assert(__is_trivial(Value));

inline constexpr uint32_t kMostDepth = 32;   // arrays and objects inside each other
inline constexpr uint32_t kMostNames = 512;  // in the objects that are open at one time

/// Judges a whole text by RFC 8259: one value, in UTF-8, no name twice in an object, no half of a UTF-16 pair. Looks at
/// each byte a fixed number of times, and needs a fixed amount of memory. A zero must stand behind the text.
rt::Result<Value> read(rt::Text text);

/// Writes `text` as a part of a string: what must be escaped is, and what is no UTF-8 becomes U+FFFD.
void write_escaped(rt::Sink& out, rt::Text text);

}  // namespace json
