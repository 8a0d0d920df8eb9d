"""What the official OpenAI client gets from a server: openai_client.py URL KEY. Prints one JSON object."""
import json
import sys

import openai

client = openai.OpenAI(base_url=f"{sys.argv[1]}/v1", api_key=sys.argv[2], max_retries=0, timeout=120)
question = [{"role": "system", "content": "You tell stories."}, {"role": "user", "content": "Tell me one."}]
settings = {"model": "any", "temperature": 0, "max_tokens": 12}

whole = client.chat.completions.create(messages=question, **settings)
text, usage = "", None
for event in client.chat.completions.create(messages=question, stream=True, stream_options={"include_usage": True}, **settings):
    text += (event.choices[0].delta.content or "") if event.choices else ""
    usage = event.usage or usage
goes_on = client.chat.completions.create(
    messages=[*question, {"role": "assistant", "content": whole.choices[0].message.content}, {"role": "user", "content": "And then?"}], **settings)
plain = client.completions.create(prompt="Once upon a time", **settings)
streamed_plain = "".join(event.choices[0].text for event in client.completions.create(prompt="Once upon a time", stream=True, **settings))
try:
    client.chat.completions.create(messages=question, n=2, **settings)
    refused = None
except openai.BadRequestError as error:
    refused = error.body["message"]
try:
    openai.OpenAI(base_url=f"{sys.argv[1]}/v1", api_key="wrong", max_retries=0).models.list()
    locked_out = None
except openai.AuthenticationError as error:
    locked_out = error.status_code

json.dump({"models": [model.id for model in client.models.list()], "whole": whole.choices[0].message.content,
           "finish": whole.choices[0].finish_reason, "whole_usage": whole.usage.total_tokens, "streamed": text,
           "streamed_usage": usage.total_tokens, "known": goes_on.usage.prompt_tokens_details.cached_tokens,
           "plain": plain.choices[0].text, "streamed_plain": streamed_plain, "refused": refused, "locked_out": locked_out},
          sys.stdout)
