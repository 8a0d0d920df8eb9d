// The server's answers by a model: what a job becomes for the engine.
#include "boot/server/model_answerer.hpp"

#include "tests/host/made_chat_model.hpp"
#include "tests/unit/made_model.hpp"

namespace {

using Event = server::Answerer::Event;

uint64_t g_entropy = 7;

/// A model that chats, and who answers with it.
class Answering {
 public:
  /// What it says to a body.
  std::string answer(std::string body, bool chat = true) {
    server::Job job;
    test::need(server::read_job({body.c_str(), body.size()}, chat, answerer.usual(), job));
    test::need(answerer.begin(job));
    std::string text;
    for (Event event; (event = answerer.advance()) != Event::end;)
      if (event == Event::text) text += test::string(answerer.text());
    answerer.finish();
    return text;
  }
  std::string ask(const std::string& more) {
    return answer(R"({"messages":[{"role":"user","content":"hello"}],"max_tokens":20)" + more + "}");
  }

  model::Engine& engine() { return engine_.engine; }

 private:
  const std::vector<uint8_t> file_ = test::MadeChatModel{}.bytes();
  rt::MemorySource source_{"made.gguf", {file_.data(), file_.size()}};
  rt::Alone alone_;
  test::Engine engine_{source_, nullptr, {}, model::kScalarKernels, alone_};
  const model::ChatTemplate chat_ = test::need(model::choose_template("", engine_.engine.info().chat_template));
  const model::Sampling usual_{};

 public:
  server::ModelAnswerer answerer{engine_.engine, chat_, "made", usual_, [] { return g_entropy; }};
};

TEST(ServerModel, ASeedIsTheClientsOrComesFromTheMachine) {
  Answering it;
  g_entropy = 7;
  const std::string own = it.ask("");
  EXPECT_EQ(it.ask(""), own);
  EXPECT_EQ(it.ask(",\"seed\":7"), own);
  const std::string other = it.ask(",\"seed\":8");
  EXPECT_NE(other, own);
  g_entropy = 8;
  EXPECT_EQ(it.ask(""), other);
  EXPECT_EQ(it.ask(",\"seed\":7"), own);
  g_entropy = 9;
  const std::string zero = it.ask(",\"seed\":0");
  g_entropy = 10;
  EXPECT_EQ(it.ask(",\"seed\":0"), zero);
}

TEST(ServerModel, OfAConversationThatGoesOnOnlyWhatIsNewIsComputed) {
  Answering it;
  const std::string first = it.ask(",\"temperature\":0");
  EXPECT_EQ(it.answerer.usage().cached, 0u);
  const uint32_t known = it.answerer.usage().prompt;
  EXPECT_GT(it.answerer.usage().drawn, 0u);
  it.answer(R"({"messages":[{"role":"user","content":"hello"},{"role":"assistant","content":"x"},)"
            R"({"role":"user","content":"and?"}],"max_tokens":1})");
  EXPECT_GE(it.answerer.usage().cached, known);
  EXPECT_LT(it.answerer.usage().cached, it.answerer.usage().prompt);
  EXPECT_EQ(it.ask(",\"temperature\":0"), first) << "the same as if nothing had been kept";
}

TEST(ServerModel, AnswersLeaveNoMemoryTaken) {
  Answering it;
  const uint64_t before = it.engine().arena().used();
  for (int i = 0; i < 3; ++i) {
    it.ask(",\"max_completion_tokens\":null");
    it.answer(R"({"prompt":"once upon","max_tokens":5})", false);
    EXPECT_EQ(it.engine().arena().used(), before);
  }
}

}  // namespace
