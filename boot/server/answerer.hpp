#pragma once
#include "boot/server/job.hpp"

namespace server {

/// Who answers: a model, one answer at a time.
class Answerer {
 public:
  enum class Event : uint8_t {
    busy,  // the question is still being read
    text,  // text() is the next piece
    end,   // the answer is complete
  };
  /// Tokens of an answer.
  struct Usage {
    uint32_t prompt = 0;
    uint32_t cached = 0;  // of the prompt, that were known from the answer before
    uint32_t drawn = 0;
  };

  /// How the model is called.
  virtual rt::Text name() const = 0;
  /// Does it know conversations, or only texts to go on with?
  virtual bool chats() const = 0;
  virtual uint32_t context() const = 0;
  /// How tokens are drawn where a client does not say.
  virtual model::Sampling usual() const = 0;

  /// Begins an answer. The texts of the job are taken apart. Where it fails nothing was begun.
  virtual rt::Result<void> begin(const Job& job) = 0;
  /// Goes on by a small part.
  virtual Event advance() = 0;
  virtual rt::Text text() const = 0;
  /// Did the answer end because all was said? Else there was no room for more.
  virtual bool ended_itself() const = 0;
  virtual Usage usage() const = 0;
  /// Ends the answer that was begun, complete or not.
  virtual void finish() = 0;

 protected:
  ~Answerer() = default;
};

}  // namespace server
