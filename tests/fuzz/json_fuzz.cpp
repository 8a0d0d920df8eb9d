// JSON, and bodies of requests.
//
// Whatever text comes: it is judged without a look beyond its end; what is right is walked to its end, each string has
// the size that was said and becomes valid UTF-8, and written again it is read as the same. Bodies are taken apart, or
// refused in a sentence.
#include "boot/server/json.hpp"

#include "boot/server/job.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using fuzz::must;
using json::Kind;
using json::Value;

class Collector final : public rt::Sink {
 public:
  void write(rt::Text text) override { all.append(text.data, text.size); }
  std::string all;
};

std::string string_of(Value value) {
  std::string text(value.string_size() + 1, '#');
  must(value.string(text.data()) == text.data() + text.size() - 1 && text.back() == '#', "a string has its size");
  text.pop_back();
  return text;
}

void write_again(Value value, std::string& out) {
  switch (value.kind()) {
    case Kind::object:
    case Kind::array: {
      const bool object = value.kind() == Kind::object;
      out += object ? '{' : '[';
      bool name = object;
      for (Value item = value.first(); item; item = item.next()) {
        write_again(item, out);
        if (name) {
          must(item.kind() == Kind::string, "a name is a string");
          must(bool(item.next()), "a name has a value");
        }
        if (item.next()) out += name ? ':' : ',';
        if (object) name = !name;
      }
      out += object ? '}' : ']';
      break;
    }
    case Kind::string: {
      const std::string text = string_of(value);
      must(fuzz::valid_utf8(text), "a string is UTF-8");
      must(value.equals(text.c_str()) == (text.find('\0') == text.npos), "a string without a zero equals itself");
      Collector escaped;
      json::write_escaped(escaped, {text.data(), text.size()});
      out += '"' + escaped.all + '"';
      break;
    }
    default: out += fuzz::string(value.raw());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const test::Exact<char> copy = fuzz::exact(input + '\0');
  const rt::Text text{copy.data(), size};
  rt::Result<Value> value = json::read(text);
  if (value) {
    std::string once, twice;
    write_again(*value, once);
    must(bool(json::read({once.c_str(), once.size()})), "what was written can be read");
    write_again(*json::read({once.c_str(), once.size()}), twice);
    must(once == twice, "and is the same");
  } else {
    fuzz::must_be_a_sentence(value.error(), input);
  }
  for (const bool chat : {true, false}) {
    server::Job job;
    const test::Exact<char> body = fuzz::exact(input + '\0');
    rt::Result<void> done = server::read_job({body.data(), size}, chat, {}, job);
    must(!done || value, "a body is JSON");
    if (!done) {
      fuzz::must_be_a_sentence(done.error(), input);
      continue;
    }
    uint64_t bytes = 0;
    rt::Text stops[server::Job::kStops];
    server::take_stops(job, stops);
    for (uint32_t i = 0; i < job.stop_count; ++i)
      must(stops[i].size && stops[i].size <= server::Job::kStopBytes, "a stop has its bounds");
    if (chat) {
      std::vector<model::Turn> turns(job.turns);
      server::take_turns(job, turns.data());
      for (const model::Turn& turn : turns) {
        must(fuzz::within(turn.text, body.data(), size), "a text lies in the body");
        must(fuzz::valid_utf8(fuzz::string(turn.text)), "a text is UTF-8");
        bytes += turn.text.size;
      }
    } else {
      bytes = server::take_text(job).size;
    }
    must(bytes == job.bytes, "texts have the size that was said");
  }
  return 0;
}
