#include "boot/server/metrics.hpp"

namespace server {
namespace {

constexpr struct {
  const char* name;
  const char* kind;
  uint16_t place;
  bool milliseconds;
} kRows[] = {
    {"answers_total", "counter", offsetof(Metrics, answers), false},
    {"answers_abandoned_total", "counter", offsetof(Metrics, abandoned), false},
    {"prompt_tokens_total", "counter", offsetof(Metrics, prompt_tokens), false},
    {"prompt_tokens_cached_total", "counter", offsetof(Metrics, cached_tokens), false},
    {"tokens_total", "counter", offsetof(Metrics, drawn_tokens), false},
    {"first_token_seconds_total", "counter", offsetof(Metrics, first_milliseconds), true},
    {"answer_seconds_total", "counter", offsetof(Metrics, answer_milliseconds), true},
    {"connections", "gauge", offsetof(Metrics, connections), false},
    {"queue_length", "gauge", offsetof(Metrics, waiting), false},
    {"memory_bytes", "gauge", offsetof(Metrics, memory), false},
    {"uptime_seconds", "gauge", offsetof(Metrics, up_milliseconds), true},
};

}  // namespace

void Metrics::print(rt::Sink& out) const {
  out.write("# TYPE llama_requests_total counter\n");
  for (uint32_t digit = 2; digit < 6; ++digit)
    rt::print(out, "llama_requests_total{status=\"%uxx\"} %llu\n", digit,
              static_cast<unsigned long long>(requests[digit]));
  for (const auto& row : kRows) {
    const uint64_t value = *reinterpret_cast<const uint64_t*>(reinterpret_cast<const char*>(this) + row.place);
    rt::print(out, "# TYPE llama_%s %s\nllama_%s ", row.name, row.kind, row.name);
    if (row.milliseconds)
      rt::print(out, "%llu.%03u\n", static_cast<unsigned long long>(value / 1000), uint32_t(value % 1000));
    else
      rt::print(out, "%llu\n", static_cast<unsigned long long>(value));
  }
}

}  // namespace server
