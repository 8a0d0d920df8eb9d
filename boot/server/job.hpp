#pragma once
#include "boot/server/json.hpp"
#include "model/chat/turn.hpp"
#include "model/sampler.hpp"

namespace server {

/// What a client wants answered: the body of a request, read but not taken apart.
struct Job {
  static constexpr uint32_t kStops = 4;
  static constexpr uint32_t kStopBytes = 64;  // of one

  bool chat = false;
  uint8_t stream = false, include_usage = false;
  uint64_t limit = 0;  // tokens; 0: as many as the context holds
  model::Sampling sampling;
  uint8_t seed_given = false;
  uint64_t seed = 0;
  json::Value said{};  // the messages, or the text to go on with
  uint64_t turns = 0;
  uint64_t bytes = 0;  // of their texts
  json::Value stops[kStops]{};
  uint32_t stop_count = 0;
};

/// Reads the body of a request to /v1/chat/completions, or to /v1/completions. What the client does not say is as in
/// `usual`. What we do not know is refused in a sentence that names it, unless the client asks for what is done anyway.
rt::Result<void> read_job(rt::Text body, bool chat, const model::Sampling& usual, Job& job);

/// The texts of a job, taken apart where they stand: call once. For a chat, [job.turns] turns.
void take_turns(const Job& job, model::Turn* turns);
rt::Text take_text(const Job& job);
/// The texts that end an answer. Also once.
void take_stops(const Job& job, rt::Text (&stops)[Job::kStops]);

}  // namespace server
