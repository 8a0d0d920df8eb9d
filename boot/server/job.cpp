#include "boot/server/job.hpp"

#include "rt/parse.hpp"
#include "rt/utf.hpp"

namespace server {
namespace {

using json::Kind;
using json::Value;

enum class Take : uint8_t { said, text, real, whole, seed, flag, stop, stream_options, harmless };
constexpr uint8_t kChat = 1, kPlain = 2, kBoth = 3;

/// A name that a body may have, in either endpoint or both, and where its value goes.
struct Parameter {
  const char* name;
  Take take;
  uint8_t where;
  uint16_t place;
  uint32_t most;         // of numbers
  const char* only;      // of what is not supported: the values that ask for nothing, parted by blanks
};

constexpr uint16_t kSampling = offsetof(Job, sampling);
constexpr Parameter kParameters[] = {
    {"messages", Take::said, kChat, 0, 0, ""},
    {"prompt", Take::said, kPlain, 0, 0, ""},
    {"model", Take::text, kBoth, 0, 0, ""},
    {"stream", Take::flag, kBoth, offsetof(Job, stream), 0, ""},
    {"stream_options", Take::stream_options, kBoth, 0, 0, ""},
    {"max_tokens", Take::whole, kBoth, offsetof(Job, limit), 1 << 20, ""},
    {"max_completion_tokens", Take::whole, kChat, offsetof(Job, limit), 1 << 20, ""},
    {"temperature", Take::real, kBoth, kSampling + offsetof(model::Sampling, temperature), 10, ""},
    {"top_p", Take::real, kBoth, kSampling + offsetof(model::Sampling, topp), 1, ""},
    {"top_k", Take::whole, kBoth, kSampling + offsetof(model::Sampling, top_k), 1 << 20, ""},
    {"min_p", Take::real, kBoth, kSampling + offsetof(model::Sampling, min_p), 1, ""},
    {"repeat_penalty", Take::real, kBoth, kSampling + offsetof(model::Sampling, repeat_penalty), 10, ""},
    {"seed", Take::seed, kBoth, 0, 0, ""},
    {"stop", Take::stop, kBoth, 0, 0, ""},
    {"user", Take::text, kBoth, 0, 0, ""},
    {"n", Take::harmless, kBoth, 0, 0, "1"},
    {"best_of", Take::harmless, kPlain, 0, 0, "1"},
    {"echo", Take::harmless, kPlain, 0, 0, "false"},
    {"suffix", Take::harmless, kPlain, 0, 0, "\"\""},
    {"logprobs", Take::harmless, kBoth, 0, 0, "false"},
    {"top_logprobs", Take::harmless, kChat, 0, 0, "0"},
    {"logit_bias", Take::harmless, kBoth, 0, 0, "{}"},
    {"presence_penalty", Take::harmless, kBoth, 0, 0, "0 0.0"},
    {"frequency_penalty", Take::harmless, kBoth, 0, 0, "0 0.0"},
    {"store", Take::harmless, kChat, 0, 0, "false"},
    {"tools", Take::harmless, kChat, 0, 0, "[]"},
    {"tool_choice", Take::harmless, kChat, 0, 0, "\"none\" \"auto\""},
    {"parallel_tool_calls", Take::harmless, kChat, 0, 0, "true false"},
    {"response_format", Take::harmless, kChat, 0, 0, "{\"type\":\"text\"}"},
    {"modalities", Take::harmless, kChat, 0, 0, "[\"text\"]"},
    {"service_tier", Take::harmless, kBoth, 0, 0, "\"auto\" \"default\""},
};

const rt::Error& wrong(const char* name, const char* wants) {
  return rt::fail(rt::Errc::usage, 0, "'%s' wants %s", name, wants);
}

const rt::Error& unsupported(Value name) {
  const rt::Text raw = name.raw();
  const rt::Text inner = rt::clip(raw.part(1, raw.size - 2), 60);
  return rt::fail(rt::Errc::unsupported, 0, "'%pT' is not supported by this server", &inner);
}

/// Is it one of these values, but for white space?
bool is_one_of(Value value, const char* list) {
  const rt::Text raw = value.raw();
  for (rt::Text values = list; !values.empty();) {
    rt::Text wanted = rt::take_until(values, ' ');
    for (uint64_t i = 0; i < raw.size; ++i) {
      if (raw[i] == ' ' || raw[i] == '\n' || raw[i] == '\t' || raw[i] == '\r') continue;
      if (wanted.empty() || wanted[0] != raw[i]) {
        wanted = "x";
        break;
      }
      wanted = wanted.from(1);
    }
    if (wanted.empty()) return true;
  }
  return false;
}

/// A content is a text, or an array of parts that are texts. Adds its bytes to `bytes`.
bool measure_content(Value content, uint64_t& bytes) {
  if (content.kind() == Kind::string) {
    bytes += content.string_size();
    return true;
  }
  if (content.kind() != Kind::array) return false;
  for (Value part = content.first(); part; part = part.next()) {
    const Value text = part.member("text");
    if (!part.member("type").equals("text") || text.kind() != Kind::string) return false;
    bytes += text.string_size();
  }
  return true;
}

/// The text of a content, where it stands.
rt::Text take_content(Value content) {
  char* const begin = const_cast<char*>(content.raw().data);
  if (content.kind() == Kind::string) return {begin, uint64_t(content.string(begin) - begin)};
  char* end = begin;
  for (Value part = content.first(); part;) {
    const Value after = part.next();
    end = part.member("text").string(end);
    part = after;
  }
  return {begin, uint64_t(end - begin)};
}

int role_of(Value role) {
  if (role.equals("developer")) return int(model::Role::system);
  int known = 2;
  while (known >= 0 && !role.equals(model::kRoleNames[known])) --known;
  return known;
}

rt::Result<void> read_message(Value message, Job& job) {
  if (message.kind() != Kind::object || role_of(message.member("role")) < 0)
    return wrong("messages", "objects with a role (system, user or assistant) and a content");
  for (Value name = message.first(); name;) {
    const Value value = name.next();
    const bool known = name.equals("role") || name.equals("content") || name.equals("name");
    if (!known && !is_one_of(value, "null []")) return unsupported(name);
    name = value.next();
  }
  if (!measure_content(message.member("content"), job.bytes))
    return wrong("messages", "a content that is text: nothing else can be read by this model");
  ++job.turns;
  return {};
}

rt::Result<void> read_said(Value value, Job& job) {
  job.said = value;
  if (!job.chat) {
    if (value.kind() == Kind::array && value.first() && !value.first().next()) job.said = value.first();
    if (job.said.kind() != Kind::string) return wrong("prompt", "one text");
    job.bytes = job.said.string_size();
    return {};
  }
  if (value.kind() != Kind::array || !value.first()) return wrong("messages", "an array of one message or more");
  for (Value message = value.first(); message; message = message.next())
    if (rt::Result<void> done = read_message(message, job); !done) return done;
  return {};
}

rt::Result<void> add_stop(Value value, Job& job) {
  if (value.kind() != Kind::string || job.stop_count == Job::kStops || value.string_size() == 0 ||
      value.string_size() > Job::kStopBytes)
    return wrong("stop", "a text, or up to 4, of 1 to 64 bytes");
  job.stops[job.stop_count++] = value;
  return {};
}

rt::Result<void> read_stops(Value value, Job& job) {
  if (value.kind() != Kind::array) return add_stop(value, job);
  for (Value item = value.first(); item; item = item.next())
    if (rt::Result<void> done = add_stop(item, job); !done) return done;
  return {};
}

rt::Result<void> read_stream_options(Value value, Job& job) {
  if (value.kind() != Kind::object) return wrong("stream_options", "an object");
  for (Value name = value.first(); name;) {
    const Value item = name.next();
    if (name.equals("include_usage")) {
      if (item.kind() != Kind::boolean) return wrong("include_usage", "true or false");
      job.include_usage = item.raw() == "true";
    } else if (!is_one_of(item, "null false")) {
      return unsupported(name);
    }
    name = item.next();
  }
  return {};
}

rt::Result<void> take(const Parameter& parameter, Value name, Value value, Job& job) {
  const Kind kind = value.kind();
  if (kind == Kind::null && parameter.take != Take::said) return {};
  char* const place = reinterpret_cast<char*>(&job) + parameter.place;
  char wants[48];
  const rt::Span<char> room{wants, sizeof wants};
  switch (parameter.take) {
    case Take::said: return read_said(value, job);
    case Take::text:
      if (kind != Kind::string) return wrong(parameter.name, "a text");
      return {};
    case Take::flag:
      if (kind != Kind::boolean) return wrong(parameter.name, "true or false");
      *reinterpret_cast<uint8_t*>(place) = value.raw() == "true";
      return {};
    case Take::real: {
      float number = 0;
      if (kind != Kind::number || !rt::parse_f32(value.raw(), number) ||
          !(number >= 0 && number <= float(parameter.most)))
        return wrong(parameter.name, rt::print_to(room, "a number from 0 to %u", parameter.most).data);
      *reinterpret_cast<float*>(place) = number;
      return {};
    }
    case Take::whole: {
      uint64_t number = 0;
      const bool limit = parameter.place == offsetof(Job, limit);
      if (kind != Kind::number || !rt::parse_u64(value.raw(), number) || number > parameter.most || (limit && !number))
        return wrong(parameter.name,
                     rt::print_to(room, "a whole number from %d to %u", int(limit), parameter.most).data);
      if (limit) job.limit = number;
      else *reinterpret_cast<uint32_t*>(place) = uint32_t(number);
      return {};
    }
    case Take::seed: {
      int64_t number = 0;
      if (kind != Kind::number || (!rt::parse_u64(value.raw(), job.seed) && !rt::parse_i64(value.raw(), number)))
        return wrong(parameter.name, "a whole number");
      if (number) job.seed = uint64_t(number);
      job.seed_given = true;
      return {};
    }
    case Take::stop: return read_stops(value, job);
    case Take::stream_options: return read_stream_options(value, job);
    case Take::harmless:
      if (!is_one_of(value, parameter.only)) return unsupported(name);
      return {};
  }
  return {};
}

}  // namespace

rt::Result<void> read_job(rt::Text body, bool chat, const model::Sampling& usual, Job& job) {
  job = {};
  job.chat = chat;
  job.sampling = usual;
  rt::Result<Value> root = json::read(body);
  if (!root) return root.error();
  if (root->kind() != Kind::object) return rt::fail(rt::Errc::usage, 0, "the body wants to be a JSON object");
  for (Value name = root->first(); name;) {
    const Value value = name.next();
    const Parameter* known = nullptr;
    for (const Parameter& parameter : kParameters)
      if (parameter.where & (chat ? kChat : kPlain) && name.equals(parameter.name)) known = &parameter;
    if (!known) return unsupported(name);
    if (rt::Result<void> done = take(*known, name, value, job); !done) return done;
    name = value.next();
  }
  if (!job.said) return wrong(chat ? "messages" : "prompt", "to be there");
  return {};
}

void take_turns(const Job& job, model::Turn* turns) {
  for (Value message = job.said.first(); message;) {
    const Value after = message.next();
    const auto role = model::Role(role_of(message.member("role")));
    *turns++ = {role, take_content(message.member("content"))};
    message = after;
  }
}

rt::Text take_text(const Job& job) { return take_content(job.said); }

void take_stops(const Job& job, rt::Text (&stops)[Job::kStops]) {
  for (uint32_t i = 0; i < job.stop_count; ++i) stops[i] = take_content(job.stops[i]);
}

}  // namespace server
