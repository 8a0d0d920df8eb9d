#pragma once
#include "boot/server/answerer.hpp"
#include "model/chat/chat_template.hpp"
#include "model/engine.hpp"

namespace server {

/// Answers with a model. A conversation that goes on begins as it did before, so of it only what is new is computed:
/// the model's session sees to that.
class ModelAnswerer : public Answerer {
 public:
  /// All must outlive it. `entropy`: where seeds come from, when a client brings none.
  ModelAnswerer(model::Engine& engine, const model::ChatTemplate& chat, rt::Text name, const model::Sampling& usual,
                uint64_t (*entropy)())
      : engine_(engine), chat_(chat), name_(name), usual_(usual), entropy_(entropy) {}

  rt::Text name() const override { return name_; }
  bool chats() const override { return bool(chat_); }
  uint32_t context() const override { return engine_.context(); }
  model::Sampling usual() const override { return usual_; }

  rt::Result<void> begin(const Job& job) override;
  Event advance() override;
  rt::Text text() const override { return engine_.session().text(); }
  bool ended_itself() const override { return engine_.session().ended_itself(); }
  Usage usage() const override;
  void finish() override {}

 private:
  rt::Result<rt::Span<model::Token>> encode(const Job& job);

  model::Engine& engine_;
  const model::ChatTemplate& chat_;
  rt::Text name_;
  const model::Sampling& usual_;
  uint64_t (*entropy_)();
};

}  // namespace server
