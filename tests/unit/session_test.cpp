#include "model/session.hpp"

#include <gtest/gtest.h>

#include "tests/host/engine.hpp"
#include "tests/host/vocabulary.hpp"
#include "tests/unit/made_model.hpp"

namespace {

using model::Token;
using Event = model::Session::Event;
using Tokens = std::vector<Token>;

struct Story {
  Tokens tokens;
  std::string text;
  bool operator==(const Story&) const = default;
};

class SessionTest : public testing::Test {
 protected:
  static constexpr uint32_t kContext = 40;

  std::unique_ptr<test::Engine> make_engine() {
    rt::MemorySource model = test::memory_source(file_), words = test::memory_source(words_);
    return std::make_unique<test::Engine>(model, &words, model::EngineOptions{}, model::kScalarKernels, alone_);
  }

  void begin(const std::string& prompt, uint32_t steps, const model::Sampling& sampling) {
    engine_->sampler().set(sampling);
    const auto begun =
        session_.begin({prompt.data(), prompt.size()}, steps, engine_->session_arena());
    if (!begun) throw std::runtime_error(begun.error().text);
  }

  Story tell(const std::string& prompt, uint32_t steps, const model::Sampling& sampling) {
    begin(prompt, steps, sampling);
    Story story;
    for (;;) {
      const Event event = session_.advance();
      if (event == Event::end) return story;
      if (event == Event::busy) continue;
      story.tokens.push_back(session_.token());
      story.text += test::string(session_.text());
      EXPECT_EQ(session_.position(), story.tokens.size());
    }
  }

  /// llama2.c's generate(): a token goes in at every position, its successor comes out.
  Story naive(const std::string& prompt, uint32_t steps, const model::Sampling& sampling) {
    const auto fresh = make_engine();
    fresh->sampler().set(sampling);
    const rt::Span<Token> tokens = test::need(
        fresh->tokenizer().encode({prompt.data(), prompt.size()}, fresh->session_arena()));
    if (steps == 0 || steps > kContext) steps = kContext;
    Story story;
    Token token = tokens[0];
    for (uint32_t pos = 0; pos < steps;) {
      const rt::Span<float> logits = fresh->transformer().forward({&token, 1}, pos);
      const Token next = pos + 1 < tokens.count ? tokens[pos + 1] : fresh->sampler().sample(logits, {});
      ++pos;
      if (next == 1) break;
      story.tokens.push_back(next);
      story.text += test::string(fresh->tokenizer().decode(token, next));
      token = next;
    }
    return story;
  }

  const std::vector<uint8_t> file_ =
      test::MadeCheckpoint{.config = test::shape("odd"), .shared_classifier = false}.bytes();
  const std::vector<uint8_t> words_ = test::made_tokenizer(275);
  rt::Alone alone_;
  std::unique_ptr<test::Engine> engine_ = make_engine();
  model::Session& session_ = *engine_->session;
};

const std::string kPrompt = "the rain in spain";  // 18 tokens behind BOS

TEST_F(SessionTest, TellsWhatLlama2csLoopTells) {
  for (const std::string& prompt : {std::string(), std::string("a"), std::string("tea"), kPrompt})
    for (const uint32_t steps : {0u, 1u, 2u, 8u, 17u, 18u, 19u, 39u, 40u, 41u, ~0u})
      for (const float temperature : {0.0f, 1.0f, 3.0f}) {
        const model::Sampling sampling{temperature, 0.9f, steps + 1};
        EXPECT_EQ(tell(prompt, steps, sampling), naive(prompt, steps, sampling))
            << prompt << ", " << steps << " steps, temperature " << temperature;
      }
}

TEST_F(SessionTest, BosEndsTheTextWhereverItIsDrawn) {
  int ended_early = 0;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    const model::Sampling sampling{10.0f, 1.0f, seed};
    const Story story = tell("tea", 30, sampling);
    EXPECT_EQ(std::count(story.tokens.begin(), story.tokens.end(), 1u), 0);
    EXPECT_EQ(session_.ended_itself(), story.tokens.size() < 30);
    if (story.tokens.size() == 30) continue;
    ++ended_early;
    EXPECT_EQ(story, naive("tea", 30, sampling));
    EXPECT_EQ(session_.advance(), Event::end);  // and stays ended
    EXPECT_EQ(session_.position(), story.tokens.size());
    EXPECT_FALSE(session_.filled_context());
  }
  EXPECT_GT(ended_early, 0);  // one in 275 draws
}

TEST_F(SessionTest, StepsCountThePromptsTokensButNotBos) {
  for (uint32_t steps = 1; steps <= kContext; ++steps) {
    const Story story = tell("tea", steps, {0.0f});
    EXPECT_EQ(story.tokens.size(), steps);
    EXPECT_EQ(session_.position(), steps);
    EXPECT_EQ(session_.filled_context(), steps == kContext);
    EXPECT_FALSE(session_.ended_itself());
    EXPECT_EQ(session_.advance(), Event::end);
  }
}

TEST_F(SessionTest, APromptLongerThanTheStepsIsShownInPart) {
  const Story story = tell(kPrompt, 5, {1.0f});
  EXPECT_EQ(story.tokens.size(), 5u);
  EXPECT_EQ(story.text, "the ");  // of which the leading space is a token
  EXPECT_LE(session_.position(), session_.prompt_tokens());
}

TEST_F(SessionTest, ThePromptIsShownBeforeItIsRead) {
  begin(kPrompt, 0, {0.0f});
  EXPECT_EQ(session_.prompt_tokens(), 18u);
  for (uint32_t i = 1; i <= session_.prompt_tokens(); ++i) {
    ASSERT_EQ(session_.advance(), Event::token);
    EXPECT_LE(session_.position(), session_.prompt_tokens());
    EXPECT_EQ(session_.position(), i);
  }
  // 19 tokens in runs of 8; the last run brings the first token of the story.
  EXPECT_EQ(session_.advance(), Event::busy);
  EXPECT_EQ(session_.advance(), Event::busy);
  EXPECT_EQ(session_.position(), session_.prompt_tokens());
  EXPECT_EQ(session_.advance(), Event::token);
  EXPECT_GT(session_.position(), session_.prompt_tokens());
  EXPECT_EQ(session_.advance(), Event::token);
}

TEST_F(SessionTest, ThePromptComesBackAsItWasWritten) {
  const Story story = tell("The caf\u00e9 <0x41>", 0, {0.0f});
  EXPECT_EQ(story.text.substr(0, 16), "The caf\u00e9 <0x41>");
}

TEST_F(SessionTest, AnEmptyPromptIsBosAlone) {
  begin("", 3, {0.0f});
  EXPECT_EQ(session_.prompt_tokens(), 0u);
  EXPECT_EQ(session_.position(), 0u);
  EXPECT_EQ(session_.advance(), Event::token);
  EXPECT_EQ(session_.position(), 1u);
}

TEST_F(SessionTest, APromptThatFillsTheContextLeavesRoomForOneToken) {
  const std::string prompt(kContext - 2, '#');  // with BOS and the space, 40 tokens
  const Story story = tell(prompt, 0, {0.0f});
  EXPECT_EQ(session_.prompt_tokens(), kContext - 1);
  EXPECT_EQ(story.tokens.size(), kContext);
  EXPECT_EQ(story, naive(prompt, 0, {0.0f}));
  EXPECT_TRUE(session_.filled_context());
}

TEST_F(SessionTest, APromptLongerThanTheContextIsRefusedWithItsCount) {
  const std::string prompt(kContext - 1, '#');
  const auto begun = session_.begin({prompt.data(), prompt.size()}, 0, engine_->session_arena());
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().code, rt::Errc::usage);
  EXPECT_STREQ(begun.error().text, "the prompt has 41 tokens, the context of this model holds 40");
}

TEST_F(SessionTest, APromptWithoutMemoryIsRefused) {
  rt::Arena none;
  const auto begun = session_.begin("tea", 0, none);
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().code, rt::Errc::out_of_memory);
}

TEST_F(SessionTest, WhatGoesOnWithAGivenTextKeepsTheSpaceThatAnAnswerLoses) {
  const auto tokens = test::need(engine_->tokenizer().encode("ab", engine_->session_arena()));
  const Tokens given(tokens.begin(), tokens.end());
  uint32_t lost = 0;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    const model::Sampling sampling{10, 1, seed};
    const std::string whole = tell("ab", 4, sampling).text;
    for (const auto next : {model::Session::Next::more, model::Session::Next::own_text}) {
      engine_->sampler().set(sampling);
      test::need(session_.begin({given.data(), given.size()}, 5 - uint32_t(given.size()), next));
      std::string text = "ab";
      for (Event event; (event = session_.advance()) != Event::end;)
        if (event == Event::token) text += test::string(session_.text());
      if (next == model::Session::Next::more) EXPECT_EQ(text, whole) << seed;
      else lost += text != whole;
    }
  }
  EXPECT_GT(lost, 0u);  // else the vocabulary has no such token, and nothing was seen
}

TEST_F(SessionTest, ATextThatGoesOnIsTheLongerOne) {
  const model::Sampling sampling{1, 0.9f, 5};
  const Story whole = tell("ab", 30, sampling);
  ASSERT_GT(whole.tokens.size(), 12u);
  Story parts = tell("ab", 5, sampling);
  for (const uint32_t steps : {1, 6, 1000}) {
    session_.extend(steps);
    for (Event event; (event = session_.advance()) != Event::end;) {
      if (event == Event::busy || parts.tokens.size() == 30) continue;
      parts.tokens.push_back(session_.token());
      parts.text += test::string(session_.text());
    }
  }
  EXPECT_EQ(parts, whole);
  EXPECT_TRUE(session_.filled_context() || session_.ended_itself());
  session_.extend(0);
  if (session_.filled_context()) EXPECT_EQ(session_.advance(), Event::end);
}

TEST_F(SessionTest, BeginningAgainForgetsTheTextBefore) {
  const Story first = tell(kPrompt, 30, {1.0f, 0.9f, 4});
  const Story other = tell("a tale", 0, {1.0f, 0.9f, 5});
  EXPECT_NE(first, other);
  EXPECT_EQ(tell(kPrompt, 30, {1.0f, 0.9f, 4}), first);
  begin("never mind", 20, {1.0f});  // left in the middle
  for (int i = 0; i < 13; ++i) (void)session_.advance();
  EXPECT_EQ(tell("a tale", 0, {1.0f, 0.9f, 5}), other);
}

// Texts that are given as tokens.

/// Goes on to the end; the tokens that came.
Tokens finish(model::Session& session) {
  Tokens drawn;
  for (Event event; (event = session.advance()) != Event::end;)
    if (event == Event::token) drawn.push_back(session.token());
  return drawn;
}

class GivenTokensTest : public SessionTest {
 protected:
  void give(model::Session& session, const Tokens& ids, uint32_t limit) {
    const test::Exact<Token> exact(ids);
    test::need(session.begin({exact.data(), exact.size()}, limit));
  }
  void give(const Tokens& ids, uint32_t limit) { give(session_, ids, limit); }

  /// What a new engine draws after `ids`.
  Tokens fresh(const Tokens& ids, uint32_t limit, const model::Sampling& sampling) {
    const auto engine = make_engine();
    engine->sampler().set(sampling);
    give(*engine->session, ids, limit);
    return finish(*engine->session);
  }

};

Tokens numbered(uint32_t n, Token first = 20) {
  Tokens ids(n);
  for (uint32_t i = 0; i < n; ++i) ids[i] = first + i * 7 % 200;
  return ids;
}

Tokens operator+(Tokens a, const Tokens& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST_F(GivenTokensTest, OnlyWhatTheCacheLacksIsComputedAndTheTextIsTheSame) {
  model::Session& session = session_;
  engine_->sampler().set({0});
  give(numbered(10), 5);
  const Tokens answer = finish(session);
  ASSERT_EQ(answer.size(), 5u);
  EXPECT_EQ(session.reused(), 0u);
  EXPECT_EQ(session.read(), 10u);
  EXPECT_EQ(session.position(), 5u);
  EXPECT_EQ(session.prompt_tokens(), 0u);

  const Tokens next = numbered(10) + answer + Tokens{7, 8, 9};
  give(next, 6);
  EXPECT_EQ(session.reused(), 14u);  // the newest token was drawn and not read
  EXPECT_EQ(session.read(), 0u);
  EXPECT_EQ(finish(session), fresh(next, 6, {0}));
  EXPECT_EQ(session.read(), 4u);
  EXPECT_EQ(session.given(), 18u);
  EXPECT_EQ(Tokens(session.ids().begin(), session.ids().begin() + 18), next);
}

TEST_F(GivenTokensTest, WhateverCameBeforeATextIsTheOneOfItsTokens) {
  uint32_t seed = 1;
  const Tokens texts[] = {numbered(3), numbered(12), numbered(7), numbered(7, 21), numbered(12) + Tokens{5}, numbered(1),
                          numbered(39), numbered(40), numbered(12)};
  for (const Tokens& before : texts)
    for (const Tokens& ids : texts)
      for (const uint32_t stopped : {0, 1, 4, 100}) {
        const model::Sampling sampling{1, 0.9f, ++seed};
        give(before, 9);
        for (uint32_t i = 0; i < stopped; ++i) (void)session_.advance();
        engine_->sampler().set(sampling);
        give(ids, 4);
        EXPECT_EQ(finish(session_), fresh(ids, 4, sampling)) << before.size() << ", " << ids.size();
        EXPECT_EQ(session_.reused() + session_.read(), ids.size());
      }
}

TEST_F(GivenTokensTest, ATextThatWasReadWholeNeedsItsLastTokenOnceMore) {
  engine_->sampler().set({0});
  give(numbered(10), 3);
  const Tokens drawn = finish(session_);
  give(numbered(10), 3);
  EXPECT_EQ(session_.reused(), 10u);
  EXPECT_EQ(session_.advance(), Event::token);
  EXPECT_EQ(session_.reused(), 9u);
  EXPECT_EQ(session_.read(), 1u);
  EXPECT_EQ(session_.token(), drawn[0]);
}

TEST_F(GivenTokensTest, WhatWasReadAheadIsThereWhenItIsNeeded) {
  const Tokens ids = numbered(19);
  const Tokens expected = fresh(ids, 5, {0});
  engine_->sampler().set({0});
  test::need(session_.read_ahead({ids.data(), 19}));
  EXPECT_EQ(session_.advance(1), Event::busy);  // as many tokens at a time as there is time for
  EXPECT_EQ(session_.read(), 1u);
  EXPECT_EQ(session_.advance(), Event::busy);  // 8 at most
  EXPECT_EQ(session_.read(), 9u);
  EXPECT_EQ(session_.advance(99), Event::busy);
  EXPECT_EQ(session_.advance(), Event::end);
  EXPECT_EQ(session_.read(), 19u);
  EXPECT_EQ(session_.advance(), Event::end);
  EXPECT_EQ(session_.position(), 0u);
  give(ids, 5);
  EXPECT_EQ(session_.reused(), 19u);
  EXPECT_EQ(finish(session_), expected);
  EXPECT_EQ(session_.read(), 0u) << "the logits were still there";

  // A guess that was wrong, and one that was not finished.
  test::need(session_.read_ahead({(numbered(9) + Tokens{3, 3, 3}).data(), 12}));
  EXPECT_EQ(session_.advance(), Event::end);
  EXPECT_EQ(session_.read(), 3u);
  test::need(session_.read_ahead({numbered(30).data(), 30}));
  EXPECT_EQ(session_.advance(), Event::busy);
  give(ids, 5);
  EXPECT_EQ(session_.reused(), 17u);
  EXPECT_EQ(finish(session_), expected);
}

TEST_F(GivenTokensTest, NothingIsKeptThatOthersRanOver) {
  const Tokens ids = numbered(19), expected = fresh(ids, 5, {0});
  engine_->sampler().set({0});
  for (const uint32_t first : {0u, 5u, 18u, 19u}) {
    give(ids, 5);
    EXPECT_EQ(finish(session_), expected);
    const Token other = 9;
    (void)engine_->transformer().forward({&other, 1}, first);
    give(ids, 5);
    EXPECT_EQ(finish(session_), expected) << first;
    EXPECT_EQ(session_.reused(), std::min(first, 18u));
    // In the midst of a text, and of one that was read ahead.
    give(ids, 5);
    EXPECT_EQ(session_.advance(), Event::token);
    EXPECT_EQ(session_.advance(), Event::token);
    (void)engine_->transformer().forward({&other, 1}, first);
    EXPECT_EQ(finish(session_), Tokens(expected.begin() + 2, expected.end())) << first;
    test::need(session_.read_ahead({ids.data(), 19}));
    while (session_.advance() == Event::busy) {}
    (void)engine_->transformer().forward({&other, 1}, first);
    give(ids, 5);
    EXPECT_EQ(finish(session_), expected) << first;
  }
}

TEST_F(GivenTokensTest, TheLimitEndsTheTextAndItMayGoOn) {
  engine_->sampler().set({0});
  const Tokens whole = fresh(numbered(10), 0, {0});
  EXPECT_EQ(whole.size(), kContext + 1 - 10);
  give(numbered(10), 4);
  Tokens drawn = finish(session_);
  EXPECT_EQ(drawn.size(), 4u);
  EXPECT_FALSE(session_.filled_context() || session_.ended_itself());
  session_.extend(3);
  drawn = drawn + finish(session_);
  EXPECT_EQ(drawn.size(), 7u);
  session_.extend(0);
  EXPECT_EQ(drawn + finish(session_), whole);
  EXPECT_TRUE(session_.filled_context());
}

TEST_F(GivenTokensTest, NoTokensAndTooManyAreRefusedAndTheTextBeforeStays) {
  engine_->sampler().set({0});
  give(numbered(10), 4);
  EXPECT_STREQ(session_.begin(rt::Span<const Token>{}, 4).error().text, "a text needs a token to go on from");
  const Tokens many = numbered(41);
  EXPECT_STREQ(session_.begin({many.data(), 41}, 4).error().text,
               "the prompt has 41 tokens, the context of this model holds 40");
  EXPECT_EQ(finish(session_), fresh(numbered(10), 4, {0}));
}

TEST_F(GivenTokensTest, AStoryAfterItAndItAfterAStory) {
  const Story story = tell(kPrompt, 30, {1.0f, 0.9f, 4});
  give(numbered(10), 4);
  (void)finish(session_);
  EXPECT_EQ(tell(kPrompt, 30, {1.0f, 0.9f, 4}), story);
  EXPECT_EQ(tell(kPrompt, 30, {1.0f, 0.9f, 4}), story);
  EXPECT_EQ(session_.read(), 1u);  // of 19
}

}  // namespace
