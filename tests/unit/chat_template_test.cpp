#include "model/chat/chat_template.hpp"

#include "tests/unit/made_model.hpp"

namespace {

using model::ChatTemplate;
using model::Role;
using model::Turn;

// What the templates of real files look like, shortened to what tells them apart.
const char* const kSmolLm2 =
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\n"
    "You are a made-up assistant, or so<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + "
    "message['content'] + '<|im_end|>' + '\n'}}{% endfor %}";
const char* const kQwen =
    "{%- if messages[0]['role'] == 'system' %}{{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}"
    "{%- else %}{{- '<|im_start|>system\\nYou are helpful.<|im_end|>\\n' }}{%- endif %}";
const char* const kPlainChatml =
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}";
const char* const kTinyLlama = "{{ '<|user|>\n' + message['content'] + eos_token }}{{ '<|assistant|>\n' }}";
const char* const kPhi3 =
    "{{ bos_token }}{{'<|user|>' + message['content'] + '<|end|>' + '<|assistant|>' + eos_token}}";
const char* const kLlama2 = "{{ bos_token + '[INST] ' + '<<SYS>>\\n' + system + '\\n<</SYS>>\\n\\n' + ' [/INST]' }}";
const char* const kMistral = "{{ bos_token + '[INST] ' + message['content'] + ' [/INST]' }}";
const char* const kLlama30 = "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + '<|eot_id|>' }}";
const char* const kLlama32 = "{{- '<|start_header_id|>system<|end_header_id|>\\n\\n' }}"
                             "{{- 'Cutting Knowledge Date: December 2023\\n' }}";

using model::Next;

std::string family(const ChatTemplate& chat) { return chat ? chat.family->name : "none"; }

/// What the model reads; with `marked`, what is not trusted is in brackets.
std::string rendered(const ChatTemplate& chat, const std::vector<Turn>& turns, uint64_t from = 0, Next next = Next::answer,
                     bool marked = false) {
  const test::Exact<uint8_t> memory(4096);
  rt::Arena arena(memory.span());
  std::string all;
  for (const model::TextPart& part :
       test::need(model::render(chat, {turns.data(), turns.size()}, from, next, arena)))
    all += marked && !part.trusted ? "[" + test::string(part.text) + "]" : test::string(part.text);
  return all;
}

const std::vector<Turn> kTwoTurns = {
    {Role::system, "S"}, {Role::user, "U"}, {Role::assistant, "A"}, {Role::user, " V\n"}};

TEST(ChatTemplate, FamiliesAreRecognisedByTheirSpecialTokens) {
  EXPECT_EQ(family(model::recognise_template(kSmolLm2)), "chatml");
  EXPECT_EQ(family(model::recognise_template(kQwen)), "chatml");
  EXPECT_EQ(family(model::recognise_template(kTinyLlama)), "zephyr");
  EXPECT_EQ(family(model::recognise_template(kLlama2)), "llama2");
  EXPECT_EQ(family(model::recognise_template(kLlama30)), "llama3");
  EXPECT_EQ(family(model::recognise_template(kLlama32)), "llama3");
}

TEST(ChatTemplate, OthersAreNotTakenForThem) {
  EXPECT_EQ(family(model::recognise_template("")), "none");
  EXPECT_EQ(family(model::recognise_template(kPhi3)), "none");
  EXPECT_EQ(family(model::recognise_template(kMistral)), "none");
  EXPECT_EQ(family(model::recognise_template("<|user|> and <|assistant|>")), "none");
  EXPECT_EQ(family(model::recognise_template("<|start_header_id|")), "none");
}

TEST(ChatTemplate, EveryFamilyHasAName) {
  for (const char* name : {"chatml", "zephyr", "llama2", "llama3"})
    EXPECT_EQ(family(model::template_named(name, "")), name);
  EXPECT_EQ(family(model::template_named("ChatML", "")), "none");
  EXPECT_EQ(family(model::template_named("", "")), "none");
}

TEST(ChatTemplate, TheDefaultSystemTextIsTheTemplatesOwn) {
  const auto system = [](const char* jinja) {
    return test::string(model::recognise_template(jinja).default_system);
  };
  EXPECT_EQ(system(kSmolLm2), "You are a made-up assistant, or so");
  EXPECT_EQ(system(kQwen), "You are helpful.");  // and not the piece of program that comes first
  EXPECT_EQ(system(kPlainChatml), "");
  EXPECT_EQ(system("<|im_start|>system\nno end"), "");
  EXPECT_EQ(system("<|im_start|>system"), "");
  EXPECT_EQ(system("<|im_start|>system\n{{ text }}<|im_end|>"), "");
  EXPECT_EQ(system(kTinyLlama), "");
  EXPECT_EQ(system(kLlama2), "");
}

TEST(ChatTemplate, Chatml) {
  const ChatTemplate chat = model::recognise_template(kPlainChatml);
  EXPECT_EQ(rendered(chat, kTwoTurns),
            "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\nA<|im_end|>\n"
            "<|im_start|>user\n V\n<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(rendered(chat, {{Role::user, "U"}}), "<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(rendered(model::recognise_template(kSmolLm2), {{Role::user, "U"}}),
            "<|im_start|>system\nYou are a made-up assistant, or so<|im_end|>\n<|im_start|>user\nU<|im_end|>\n"
            "<|im_start|>assistant\n");
}

TEST(ChatTemplate, Zephyr) {
  const ChatTemplate chat = model::recognise_template(kTinyLlama);
  EXPECT_EQ(rendered(chat, kTwoTurns),
            "<|system|>\nS</s>\n<|user|>\nU</s>\n<|assistant|>\nA</s>\n<|user|>\n V\n</s>\n<|assistant|>\n");
  EXPECT_EQ(rendered(chat, {{Role::user, "U"}}), "<|user|>\nU</s>\n<|assistant|>\n");
}

TEST(ChatTemplate, Llama2) {
  const ChatTemplate chat = model::recognise_template(kLlama2);
  EXPECT_EQ(rendered(chat, kTwoTurns),
            "[INST] <<SYS>>\nS\n<</SYS>>\n\nU [/INST] A </s><s>[INST] V [/INST]");
  EXPECT_EQ(rendered(chat, {{Role::user, "U"}}), "[INST] U [/INST]");
  EXPECT_EQ(rendered(chat, kTwoTurns, 3), "<s>[INST] V [/INST]");
  EXPECT_EQ(rendered(chat, kTwoTurns, 1, Next::nothing), "U [/INST] A </s><s>[INST] V [/INST]");
}

TEST(ChatTemplate, Llama3) {
  const auto head = [](const std::string& role) { return "<|start_header_id|>" + role + "<|end_header_id|>\n\n"; };
  const ChatTemplate chat = model::recognise_template(kLlama30);
  EXPECT_EQ(rendered(chat, kTwoTurns), head("system") + "S<|eot_id|>" + head("user") + "U<|eot_id|>" +
                                           head("assistant") + "A<|eot_id|>" + head("user") + "V<|eot_id|>" +
                                           head("assistant"));
  EXPECT_EQ(rendered(chat, {{Role::user, "U"}}), head("user") + "U<|eot_id|>" + head("assistant"));
  // Llama 3.2: a date for everybody.
  const std::string dates = "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n";
  const ChatTemplate dated = model::recognise_template(kLlama32);
  EXPECT_EQ(rendered(dated, {{Role::user, "U"}}),
            head("system") + dates + "<|eot_id|>" + head("user") + "U<|eot_id|>" + head("assistant"));
  EXPECT_EQ(rendered(dated, {{Role::system, "S"}}, 0, Next::nothing), head("system") + dates + "S<|eot_id|>");
}

TEST(ChatTemplate, OnlyTheTemplateIsTrusted) {
  for (const char* name : {"chatml", "zephyr", "llama2", "llama3"}) {
    std::vector<Turn> turns = kTwoTurns;
    for (Turn& turn : turns) turn.text = "@";
    const std::string marked = rendered(model::template_named(name, ""), turns, 0, Next::answer, true);
    std::string outside;
    int said = 0;
    for (size_t i = 0; i < marked.size(); ++i)
      if (marked.compare(i, 3, "[@]") == 0) ++said, i += 2;
      else outside += marked[i];
    EXPECT_EQ(said, 4) << marked;
    EXPECT_EQ(outside.find('@'), std::string::npos);
  }
}

TEST(ChatTemplate, AConversationReadTurnByTurnIsTheOneReadInOneGo) {
  for (const char* name : {"chatml", "zephyr", "llama3"}) {
    const ChatTemplate chat = model::template_named(name, kSmolLm2);
    for (const bool with_system : {true, false}) {
      std::vector<Turn> turns(kTwoTurns.begin() + !with_system, kTwoTurns.end());
      const uint64_t answered = turns.size() - 1;  // behind the answer
      const std::vector<Turn> asked(turns.begin(), turns.begin() + int64_t(answered) - 1);
      EXPECT_EQ(rendered(chat, asked) + "A" + chat.family->after[2] + rendered(chat, turns, answered),
                rendered(chat, turns));
      EXPECT_EQ(rendered(chat, turns, 0, Next::nothing), rendered(chat, asked, 0, Next::nothing) +
                                                     rendered(chat, turns, answered - 1, Next::nothing));
    }
  }
}

TEST(ChatTemplate, WhatIsBehindAnAnswerIsTheBeginningOfWhateverIsAskedNext) {
  for (const char* name : {"chatml", "zephyr", "llama2", "llama3"})
    for (const char* jinja : {"", kSmolLm2, kLlama32})
      for (uint64_t n = 0; n <= 3; n += n ? 2 : 1) {
        const ChatTemplate chat = model::template_named(name, jinja);
        const std::vector<Turn> before(kTwoTurns.begin(), kTwoTurns.begin() + int64_t(n));
        std::vector<Turn> turns = before;
        turns.push_back({Role::user, "V"});
        const std::string read = rendered(chat, before, 0, Next::question), all = rendered(chat, turns);
        EXPECT_EQ(all.substr(0, read.size() + 1), read + "V") << name << ", " << n;
      }
}

TEST(ChatTemplate, ANameInPlaceOfTheFilesTemplate) {
  const auto chosen = [](const char* name, const char* jinja) { return family(test::need(model::choose_template(name, jinja))); };
  EXPECT_EQ(chosen("", kTinyLlama), "zephyr");
  EXPECT_EQ(chosen("", ""), "none");
  EXPECT_EQ(chosen("none", kTinyLlama), "none");
  EXPECT_EQ(chosen("llama3", kTinyLlama), "llama3");
  EXPECT_EQ(chosen("chatml", ""), "chatml");
  EXPECT_STREQ(model::choose_template("chatmil", "").error().text,
               "there is no template 'chatmil'; there are chatml, zephyr, llama2, llama3 and none");
}

TEST(ChatTemplate, AnEmptyConversationBeginsWithTheAnswer) {
  EXPECT_EQ(rendered(model::template_named("chatml", ""), {}), "<|im_start|>assistant\n");
  EXPECT_EQ(rendered(model::template_named("llama2", ""), {}), "");
  EXPECT_EQ(rendered(model::template_named("llama2", ""), {{Role::assistant, "A"}}), " A </s>");
  EXPECT_EQ(rendered(model::template_named("chatml", ""), {}, 0, Next::nothing), "");
}

}  // namespace
