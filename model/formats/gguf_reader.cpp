#include "model/formats/gguf_reader.hpp"

#include "rt/format.hpp"
#include "rt/memory.hpp"

namespace model::gguf {
namespace {

constexpr uint64_t kLongestText = 16 << 20;  // nothing sensible is longer
constexpr uint64_t kTextBlock = 64 * 1024;   // the texts of an array lie in blocks of this size

/// Bytes of one value, by ValueType; of a text the least.
constexpr uint8_t kBytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 8, 0, 8, 8, 8};

constexpr bool is_signed(ValueType type) {
  return type == ValueType::i8 || type == ValueType::i16 || type == ValueType::i32 || type == ValueType::i64;
}

}  // namespace

void Reader::read(void* to, uint64_t n) {
  if (error_) return;
  if (rt::Result<void> read = stream_.read(to, n); !read) error_ = &read.error();
}

void Reader::pass(uint64_t n) {
  if (error_) return;
  if (rt::Result<void> skipped = stream_.skip(n); !skipped) error_ = &skipped.error();
}

void Reader::about(const rt::Text& subject) {
  if (error_) return;
  subject_size_ = rt::min(subject.size, kLongestName);
  rt::copy_bytes(subject_, subject.data, subject_size_);
}

void Reader::refuse_about(const char* subject, const char* what) {
  about(subject);
  refuse(rt::Errc::unsupported, "%s", what);
}

void Reader::refuse_value(const char* subject, const rt::Text& value, const char* what) {
  about(subject);
  const rt::Text shown = rt::clip(value, 32);
  refuse(rt::Errc::unsupported, "is %pT; %s", &shown, what);
}

void Reader::refuse(rt::Errc code, const char* what, ...) {
  if (error_) return;
  char text[160];
  va_list arguments;
  va_start(arguments, what);
  const rt::Text filled = rt::vprint_to({text, sizeof text}, what, arguments);
  va_end(arguments);
  const rt::Text file = stream_.name(), subject(subject_, subject_size_);
  error_ = &rt::fail(code, stream_.position(), "%pT: %pT %pT", &file, &subject, &filled);
}

/// The length of a text.
uint64_t Reader::length(uint64_t most) {
  const uint64_t n = number<uint64_t>();
  if (n > stream_.left()) return refuse(rt::Errc::bad_file, "goes past the end of the file"), 0;
  if (n > most)
    return refuse(rt::Errc::unsupported, "has a text of %'llu bytes; %'llu are the most",
                  static_cast<unsigned long long>(n), static_cast<unsigned long long>(most)), 0;
  return n;
}

rt::Text Reader::name() {
  const uint64_t n = length(65535), kept = rt::min(n, kLongestName);
  read(subject_, kept);
  subject_size_ = kept;
  pass(n - kept);
  return error_ ? rt::Text() : rt::Text(subject_, kept);
}

ValueHead Reader::value_head() {
  ValueHead head{number<ValueType>()};
  if (head.type == ValueType::array) {
    head.array = true;
    head.type = number<ValueType>();
    head.count = number<uint64_t>();
    if (head.type == ValueType::array) refuse(rt::Errc::unsupported, "is an array of arrays");
  }
  if (uint32_t(head.type) >= sizeof kBytes)
    refuse(rt::Errc::bad_file, "has a value of unknown type %u", uint32_t(head.type));
  else if (!error_ && head.count > stream_.left() / kBytes[uint32_t(head.type)])
    refuse(rt::Errc::bad_file, "goes past the end of the file");
  return error_ ? ValueHead{} : head;
}

uint64_t Reader::whole(ValueType type) {
  const uint32_t bytes = kBytes[uint32_t(type)], shift = 64 - 8 * bytes;
  uint64_t value = 0;
  read(&value, bytes);
  return is_signed(type) ? uint64_t(int64_t(value << shift) >> shift) : value;
}

double Reader::real(ValueType type) {
  return type == ValueType::f64 ? number<double>() : double(number<float>());
}

rt::Text Reader::text(uint64_t longest, rt::Arena& arena) {
  const rt::Span<rt::Text> one = texts(1, longest, arena);
  return error_ ? rt::Text() : one[0];
}

rt::Span<rt::Text> Reader::texts(uint64_t count, uint64_t longest, rt::Arena& arena) {
  const rt::Span<rt::Text> texts = make<rt::Text>(arena, count);
  rt::Span<char> room;  // what is left of the newest block
  for (rt::Text& text : texts) {
    const uint64_t n = length(longest);
    if (n > room.count) room = make<char>(arena, count == 1 ? n : rt::max(kTextBlock, longest));
    if (error_) return {};
    read(room.data, n);
    text = {room.data, n};
    room = room.from(n);
  }
  return error_ ? rt::Span<rt::Text>() : texts;
}

void Reader::skip(const ValueHead& head) {
  if (head.type != ValueType::text) return pass(head.count * kBytes[uint32_t(head.type)]);
  for (uint64_t i = 0; i < head.count && !error_; ++i) pass(length(kLongestText));
}

}  // namespace model::gguf
