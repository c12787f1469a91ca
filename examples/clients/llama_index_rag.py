"""Runs a llama-index query engine: one organisation's assistant over its documentation, asked by its own staff.

Called as `python llama_index_rag.py JOB.json`, inside the environment that has llama-index. The job holds `base_url`,
`documents` (titles to texts) and `questions`: for each account its `key` and the questions in order.
"""

import json
import sys
from pathlib import Path

from llama_index.core import Document, Settings, VectorStoreIndex
from llama_index.core.node_parser import SentenceSplitter
from llama_index.embeddings.openai import OpenAIEmbedding
from llama_index.llms.openai import OpenAI

SYSTEM = "You are the library desk's assistant. Answer our developers from the documentation pages only."


def main() -> None:
    """Index the documents with the first account, then let every account ask its questions."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    first = job["questions"][0]["key"]
    Settings.embed_model = OpenAIEmbedding(api_base=job["base_url"], api_key=first, embed_batch_size=8)
    Settings.node_parser = SentenceSplitter(chunk_size=160, chunk_overlap=10)
    documents = [Document(text=text, metadata={"page": title}) for title, text in job["documents"].items()]
    index = VectorStoreIndex.from_documents(documents)
    for asker in job["questions"]:
        Settings.embed_model.api_key = asker["key"]
        index._embed_model = OpenAIEmbedding(api_base=job["base_url"], api_key=asker["key"])
        model = OpenAI(model="gpt-4o", api_base=job["base_url"], api_key=asker["key"], system_prompt=SYSTEM)
        engine = index.as_query_engine(llm=model, similarity_top_k=2, streaming=False)
        for question in asker["questions"]:
            engine.query(question)


if __name__ == "__main__":
    main()
