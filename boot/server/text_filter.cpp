#include "boot/server/text_filter.hpp"

#include "rt/memory.hpp"

namespace server {
namespace {

constexpr bool kWholeFirst[] = {true, false};

}  // namespace

void TextFilter::begin(const Job& job) {
  rt::Text stops[Job::kStops];
  take_stops(job, stops);
  count_ = job.stop_count;
  for (uint32_t i = 0; i < count_; ++i) {
    rt::copy_bytes(stops_[i], stops[i].data, stops[i].size);
    sizes_[i] = uint32_t(stops[i].size);
  }
  decoder_ = {};
  held_bytes_ = 0;
  stopped_ = false;
}

/// One character more.
bool TextFilter::add(rt::Text character, rt::Sink& out) {
  if (count_ == 0) {
    out.write(character);
    return false;
  }
  rt::copy_bytes(held_ + held_bytes_, character.data, character.size);
  held_bytes_ += character.size;
  // The text ends before a stop that is complete. Else the longest end of what is held that begins a stop stays.
  for (const bool whole : kWholeFirst)
    for (uint64_t from = 0; from <= held_bytes_; ++from)
      if (begins_stop({held_ + from, held_bytes_ - from}, whole)) {
        out.write({held_, from});
        held_bytes_ -= from;
        rt::move_bytes(held_, held_ + from, held_bytes_);
        return whole;
      }
  return false;
}

/// Is `text` the beginning of a stop, or all of one?
bool TextFilter::begins_stop(rt::Text text, bool whole) const {
  for (uint32_t i = 0; i < count_; ++i)
    if (rt::Text(stops_[i], sizes_[i]).starts_with(text) && (!whole || text.size == sizes_[i])) return true;
  return false;
}

bool TextFilter::feed(rt::Text piece, rt::Sink& out) {
  for (char byte : piece)
    decoder_.feed(uint8_t(byte), [&](char32_t c) {
      char utf8[4];
      if (!stopped_) stopped_ = add({utf8, uint64_t(rt::encode_utf8(c, utf8))}, out);
    });
  return stopped_;
}

void TextFilter::finish(rt::Sink& out) {
  if (stopped_) return;
  decoder_.finish([&](char32_t c) {
    char utf8[4];
    stopped_ = add({utf8, uint64_t(rt::encode_utf8(c, utf8))}, out);
  });
  if (!stopped_) out.write({held_, held_bytes_});
}

}  // namespace server
